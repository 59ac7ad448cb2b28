import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryDatabase, type PostgresDatabase, type Transaction } from '#libs/persistence'
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

  it.each<[string, (work: (tx: Transaction) => Promise<void>) => Promise<void>]>([
    ['at its beginning', (work) => database.locked(['parcel:pruned'], work)],
    ['on its way', (work) => database.transaction(async (tx) => (await tx.lock(['parcel:pruned']), work(tx)))],
  ])('loses no increment while lock rows are pruned beside it: a transaction that locks %s', async (_when, locked) => {
    await database.query('TRUNCATE linter.parcel')
    const increment = (): Promise<void> =>
      locked(async (tx) => {
        const found = await tx.documents(PARCELS).get('pruned')
        await tx.documents(PARCELS).put({ id: 'pruned', town: null, weight: (found?.weight ?? 0) + 1, postedAt: '2026-01-01T00:00:00Z' })
      })
    const prune = (): Promise<number> => database.pruneLocks(0, 100)
    await Promise.all(Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? prune() : increment())))
    expect((await database.transaction((tx) => tx.documents(PARCELS).get('pruned')))?.weight).toBe(40)
  })

  it('lets in one at a time of those who lock a key that has no row yet', async () => {
    let [inside, most] = [0, 0]
    const enter = (key: string): Promise<void> =>
      database.transaction(async (tx) => {
        await tx.lock([key])
        most = Math.max(most, ++inside)
        // Long enough for whoever else was let in.
        await tx.documents(PARCELS).get(key)
        inside--
      })
    // The first few open connections, one after the other; those behind come all at once.
    for (const key of ['parcel:first', 'parcel:second', 'parcel:third']) await Promise.all(Array.from({ length: 8 }, () => enter(key)))
    expect(most).toBe(1)
  })

  it('prunes no lock row that somebody holds, and none while they are few', async () => {
    await database.locked(['parcel:held'], async () => {})
    await database.locked(['parcel:held'], async () => {
      expect(await database.pruneLocks(1_000, 100)).toBe(0)
      await database.pruneLocks(0, 100)
      expect(await database.query(`SELECT key FROM linter.aggregate_lock WHERE key = 'parcel:held'`)).toHaveLength(1)
    })
    await database.pruneLocks(0, 100)
    expect(await database.query('SELECT key FROM linter.aggregate_lock')).toEqual([])
  })

  it('hides what is not committed yet', async () => {
    await database
      .transaction(async (tx) => {
        await tx.documents(PARCELS).put({ id: 'a', town: null, weight: 1, postedAt: '2026-01-01T00:00:00Z' })
        expect(await database.transaction((other) => other.documents(PARCELS).get('a'))).toBeUndefined()
        throw new Error('enough seen')
      })
      .catch((error: Error) => expect(error.message).toBe('enough seen'))
  })
})
