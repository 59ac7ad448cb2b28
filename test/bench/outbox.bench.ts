import { afterAll, beforeAll, describe, it } from 'vitest'
import { openPostgresService } from '../contracts/postgres-service.js'
import { describeKafka } from '../kafka/kafka.config.js'
import { startKafka, type TestBroker } from '../support/broker/start-kafka.js'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { startDurablePostgres, type DurablePostgres } from './durable-postgres.js'
import { drain, drainIntoKafka } from './outbox-drain.js'
import { takeOver } from './outbox-take-over.js'
import { businessThroughput } from './outbox-throughput.js'
import { wakeUp } from './outbox-wake-up.js'

describe('outbox', () => {
  let server: DurablePostgres
  let identity: TestIdentity
  beforeAll(async () => {
    server = await startDurablePostgres()
    await (await openPostgresService(server.url, 'linter')).close()
    identity = await testIdentity()
  })
  afterAll(() => server?.stop())

  it('wake-up', () => wakeUp(server, identity))
  it('business throughput', () => businessThroughput(server, identity))
  it('drain', () => drain(server, identity))
  it('take-over', () => takeOver(server, identity))

  describeKafka('Kafka', () => {
    let broker: TestBroker
    beforeAll(async () => {
      broker = await startKafka()
    })
    afterAll(() => broker?.stop())

    it('drain', () => drainIntoKafka(server, identity, broker))
  })
})
