import { afterAll, beforeAll, describe } from 'vitest'
import { type PostgresDatabase, PostgresTimerStore } from '#libs/persistence'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import { freshDatabase } from '../support/postgres.js'
import { openPostgresService } from './postgres-service.js'
import { timerStoreSuite } from './timer-store.suite.js'

describe('MemoryTimerStore', () => {
  timerStoreSuite(async () => {
    const clock = new VirtualClock()
    const database = new MemoryDatabase(clock)
    const pass = async (ms: number): Promise<void> => clock.advanceTo(clock.now().getTime() + ms)
    return { database, store: new MemoryTimerStore(), pass, close: () => database.close() }
  })
})

describe('PostgresTimerStore', () => {
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

  timerStoreSuite(async () => ({
    database,
    store: new PostgresTimerStore(),
    pass: async (ms) =>
      void (await database.query(
        `UPDATE linter.timer
         SET due_at = due_at - $1 * interval '1 millisecond', lease_until = lease_until - $1 * interval '1 millisecond'`,
        [ms],
      )),
    close: async () => void (await database.query('TRUNCATE linter.timer')),
  }))
})
