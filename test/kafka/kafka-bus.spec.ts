import type { Kafka } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TOPICS } from '#libs/contracts'
import { createKafka, KafkaBus } from '#libs/messaging'
import { silentLogger, systemClock } from '#libs/platform'
import { BusWorld } from '../contracts/bus-world.js'
import { eventBusSuite } from '../contracts/event-bus.suite.js'
import { startKafka, type TestBroker } from '../support/broker/start-kafka.js'
import { brokerDownSuite } from './broker-down.suite.js'
import { compactionSuite } from './compaction.suite.js'
import { describeKafka } from './kafka.config.js'
import { lagSuite } from './lag.suite.js'
import { lostSuite } from './lost.suite.js'
import { topicAdminSuite } from './topics.suite.js'

/** One broker for the whole file, from empty to killed: the order of the blocks counts. */
describeKafka('Kafka', () => {
  let broker: TestBroker
  let kafka: Kafka
  beforeAll(async () => {
    broker = await startKafka()
    kafka = createKafka({ brokers: broker.brokers, clientId: 'test' }, silentLogger)
  })
  afterAll(() => broker?.stop())

  describe('topics', () => topicAdminSuite(() => kafka))

  describe('KafkaBus', () => {
    let world: BusWorld
    beforeAll(async () => {
      world = await BusWorld.create(
        () => new KafkaBus(kafka, systemClock, silentLogger, { onFatal: (error) => expect.fail(error.message) }),
      )
    })
    afterAll(() => world.close())

    eventBusSuite(() => world)

    it('reports every topic of the catalogue with its groups', async () => {
      const lag = await world.openBus().lag()
      expect(lag.map(({ topic }) => topic)).toEqual(TOPICS.map(({ name }) => name))
      const lint = lag.find(({ topic }) => topic === 'hms.lint.v1')
      expect(lint?.messages).toBeGreaterThan(60)
      // The suite's groups are not the catalogue's: the linter's readers have read nothing.
      expect(lint?.groups).toContainEqual({ group: 'simulator', messages: lint?.messages, seconds: 0 })
    })
  })

  describe('compaction', () => compactionSuite(() => kafka))

  describe('KafkaBus with a lag of 100,000', () => lagSuite(() => kafka))

  describe('KafkaBus on a broker that lost something', () =>
    lostSuite(
      () => broker,
      () => kafka,
    ))

  describe('KafkaBus without a broker', () =>
    brokerDownSuite(
      () => broker,
      () => kafka,
    ))
})
