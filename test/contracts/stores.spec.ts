import { afterAll, beforeAll, describe } from 'vitest'
import { PostgresOutboxStore, PostgresPositionStore } from '#libs/messaging'
import { MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import type { PostgresDatabase } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import { freshDatabase } from '../support/postgres.js'
import { outboxStoreSuite } from './outbox-store.suite.js'
import { positionStoreSuite } from './position-store.suite.js'
import { openPostgresService } from './postgres-service.js'

const inMemory = <S>(store: S) => {
  const database = new MemoryDatabase(new VirtualClock())
  return { database, store, close: () => database.close() }
}

describe('MemoryOutboxStore', () => {
  outboxStoreSuite(async () => inMemory(new MemoryOutboxStore()))
})

describe('MemoryPositionStore', () => {
  positionStoreSuite(async () => inMemory(new MemoryPositionStore()))
})

describe('PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof freshDatabase>>
  let database: PostgresDatabase
  beforeAll(async () => {
    server = await freshDatabase()
    database = await openPostgresService(server.url, 'linter')
  })
  afterAll(async () => {
    await database.close()
    await server.drop()
  })
  const onServer = <S>(store: S, tables: string) => ({
    database,
    store,
    close: async () => void (await database.query(`TRUNCATE ${tables}`)),
  })

  describe('PostgresOutboxStore', () => {
    outboxStoreSuite(async () => onServer(new PostgresOutboxStore(), 'linter.outbox, linter.stream_head'))
  })

  describe('PostgresPositionStore', () => {
    positionStoreSuite(async () => onServer(new PostgresPositionStore(), 'linter.stream_position, linter.parked_event'))
  })
})
