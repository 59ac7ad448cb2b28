import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryDatabase, type PostgresDatabase } from '#libs/persistence'
import { VirtualClock } from '#libs/platform'
import { freshDatabase } from '../support/postgres.js'
import { databaseSuite, PARCELS } from './database.suite.js'
import { openPostgresService } from './postgres-service.js'

describe('MemoryDatabase', () => {
  databaseSuite(async () => {
    const database = new MemoryDatabase(new VirtualClock())
    return { database, close: () => database.close() }
  })
})

describe('PostgresDatabase', () => {
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

  databaseSuite(async () => ({ database, close: async () => void (await database.query('TRUNCATE linter.parcel')) }))

  it('hides what is not committed yet', async () => {
    await database.transaction(async (tx) => {
      await tx.documents(PARCELS).put({ id: 'a', town: null, weight: 1, postedAt: '2026-01-01T00:00:00Z' })
      expect(await database.transaction((other) => other.documents(PARCELS).get('a'))).toBeUndefined()
      throw new Error('enough seen')
    }).catch((error: Error) => expect(error.message).toBe('enough seen'))
  })
})
