import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PostgresOutboxStore, PostgresPositionStore } from '#libs/messaging'
import { MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import type { PostgresDatabase } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import { freshDatabase } from '../support/postgres.js'
import { ConsumerHarness, type ConsumerAdapter } from './consumer-harness.js'
import { PARCELS } from './database.suite.js'
import { deadLettersSuite } from './dead-letters.suite.js'
import { eventConsumerSuite } from './event-consumer.suite.js'
import { openPostgresService } from './postgres-service.js'
import { refusedRecordsSuite } from './refused-records.suite.js'

function everySuite(open: () => Promise<ConsumerAdapter>): void {
  eventConsumerSuite(open)
  refusedRecordsSuite(open)
  describe('dead letters', () => deadLettersSuite(open))
}

describe('EventConsumer over memory', () => {
  everySuite(async () => {
    const database = new MemoryDatabase(new VirtualClock())
    return { database, outbox: new MemoryOutboxStore(), positions: new MemoryPositionStore(), close: () => database.close() }
  })
})

describe('EventConsumer over PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof freshDatabase>>
  let database: PostgresDatabase
  beforeAll(async () => {
    server = await freshDatabase()
    database = await openPostgresService(server.url, 'simulator')
  })
  afterAll(async () => {
    await database.close()
    await server.drop()
  })

  const open = async (): Promise<ConsumerAdapter> => ({
    database,
    outbox: new PostgresOutboxStore(),
    positions: new PostgresPositionStore(),
    close: async () => {
      const tables = ['outbox', 'stream_head', 'stream_position', 'parked_event', 'dead_letter', 'parcel']
      await database.query(`TRUNCATE ${tables.map((table) => `simulator.${table}`).join(', ')}`)
    },
  })
  everySuite(open)

  it('stores the letter of an event whose run cannot be read ahead', async () => {
    const harness = await ConsumerHarness.open(await open())
    harness.consumer.readAhead({ ...PARCELS, name: 'no_such_table' })
    await harness.deliver({ keySeq: 1 })
    expect(await harness.letters()).toMatchObject([{ state: 'waiting', run: 7, tries: 3 }])
    expect(await harness.stored()).toBe(0)
    await harness.adapter.close()
  })
})
