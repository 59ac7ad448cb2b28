import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PostgresDatabase, Transaction } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
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

  it('admits one transaction at a time to a key that has no row yet', async () => {
    let [inside, most] = [0, 0]
    const enter = (key: string): Promise<void> =>
      database.transaction(async (tx) => {
        await tx.lock([key])
        most = Math.max(most, ++inside)
        // Long enough for another transaction that was let in.
        await tx.documents(PARCELS).get(key)
        inside--
      })
    // The first few open connections, one after the other; those behind come all at once.
    for (const key of ['parcel:first', 'parcel:second', 'parcel:third']) await Promise.all(Array.from({ length: 8 }, () => enter(key)))
    expect(most).toBe(1)
  })

  it('has the time after it waited for its locks', async () => {
    await database.locked(['parcel:busy'], async () => {})
    let waiting: Promise<Date> | undefined
    let released: Date | undefined
    await database.locked(['parcel:busy'], async () => {
      waiting = database.locked(['parcel:busy'], async (tx) => tx.now)
      const isWaiting = `SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`
      await vi.waitUntil(async () => (await database.query(isWaiting)).length > 0)
      const [row] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now')
      released = row!.now
    })
    expect((await waiting!).getTime()).toBeGreaterThanOrEqual(released!.getTime())
  })

  it('reports a lock that was not requested as not held', async () => {
    await database.locked(['parcel:mine'], async (tx) => {
      expect(tx.holds(['parcel:mine', 'parcel:other'])).toBe(false)
      await tx.lock(['parcel:other'])
      expect(tx.holds(['parcel:mine', 'parcel:other'])).toBe(true)
    })
  })

  it('prunes no lock row in use, and none while they are few', async () => {
    await database.locked(['parcel:held'], async () => {})
    await database.locked(['parcel:held'], async () => {
      expect(await database.pruneLocks(1_000, 100)).toBe(0)
      await database.pruneLocks(0, 100)
      expect(await database.query(`SELECT key FROM linter.aggregate_lock WHERE key = 'parcel:held'`)).toHaveLength(1)
    })
    await database.pruneLocks(0, 100)
    expect(await database.query('SELECT key FROM linter.aggregate_lock')).toEqual([])
  })

  describe('writes without a wait for each one', () => {
    const wrong = { id: 'wrong', town: null, weight: 1, postedAt: 'no time' }
    const right = (id: string) => ({ id, town: null, weight: 1, postedAt: '2026-01-01T00:00:00Z' })
    const told: string[] = []
    const write = (parcels: { id: string; town: null; weight: number; postedAt: string }[], then?: (tx: Transaction) => Promise<unknown>) =>
      database.transaction(async (tx) => {
        tx.afterCommit(() => told.push('committed'))
        for (const each of parcels) await tx.documents(PARCELS).put(each)
        await then?.(tx)
      })

    it.each<[string, (tx: Transaction) => Promise<unknown>]>([
      ['with the commit', async () => {}],
      ['with the next read', (tx) => tx.documents(PARCELS).get('right')],
      ['with the next lock', (tx) => tx.lock(['parcel:right'])],
    ])('fail the whole transaction with their own reason: %s', async (_when, then) => {
      await expect(write([right('right'), wrong, right('behind')], then)).rejects.toThrow('invalid input syntax for type timestamp')
      expect(await database.query(`SELECT id FROM linter.parcel WHERE id IN ('right', 'wrong', 'behind')`)).toEqual([])
      expect(told).toEqual([])
    })

    it.each<[string, (tx: Transaction) => Promise<unknown>]>([
      ['of one packet', async () => {}],
      ['around a read', (tx) => tx.documents(PARCELS).get('right')],
    ])('are kept as a whole or not at all: %s', async (_where, between) => {
      const writes = (last: typeof wrong) =>
        database.writes(async (tx) => {
          await tx.documents(PARCELS).put(right('one'))
          await between(tx)
          await tx.documents(PARCELS).put(last)
        })
      const kept = () => database.query(`DELETE FROM linter.parcel WHERE id IN ('one', 'wrong', 'two') RETURNING id`)
      await expect(writes(wrong)).rejects.toThrow('timestamp')
      expect(await kept()).toEqual([])
      await writes(right('two'))
      expect(await kept()).toHaveLength(2)
    })

    it('are in order and complete, however many', async () => {
      const many = Array.from({ length: 300 }, (_, at) => ({ ...right(`many-${at % 100}`), weight: at }))
      await write(many)
      const [found] = await database.query(
        `SELECT count(*)::int AS n, sum(weight)::int AS sum FROM linter.parcel WHERE starts_with(id, 'many-')`,
      )
      expect(found).toEqual({ n: 100, sum: Array.from({ length: 100 }, (_, at) => 200 + at).reduce((a, b) => a + b) })
      expect(told.splice(0)).toEqual(['committed'])
    })

    it('leave a usable connection', async () => {
      for (let n = 0; n < 20; n++) await expect(write([wrong])).rejects.toThrow('timestamp')
      await write([right('after')], async (tx) => expect(await tx.documents(PARCELS).get('after')).toMatchObject({ id: 'after' }))
      await database.query('TRUNCATE linter.parcel')
    })
  })

  describe('a document that was read ahead', () => {
    const sized = (weight: number) => ({ id: 'ahead', town: null, weight, postedAt: '2026-01-01T00:00:00Z' })
    const put = (weight: number) => database.locked(['parcel:late'], (tx) => tx.documents(PARCELS).put(sized(weight)))
    const get = async (tx: Transaction) => (await tx.documents(PARCELS).get('ahead'))?.weight
    const ahead = async (tx: Transaction): Promise<void> => tx.readAhead(PARCELS, 'ahead')

    it('is what the next read returns, without a statement of its own', async () => {
      await put(1)
      const told: unknown[] = []
      await database.locked(
        ['parcel:early'],
        async (tx) => {
          await put(2)
          told.push(await get(tx), await get(tx))
        },
        ahead,
      )
      expect(told).toEqual([1, 2])
    })

    it.each<[string, (tx: Transaction) => Promise<unknown>, number | undefined]>([
      ['another lock', async (tx) => (await put(2), tx.lock(['parcel:late'])), 2],
      ['a write', (tx) => tx.documents(PARCELS).put(sized(3)), 3],
      ['an insert', (tx) => tx.documents(PARCELS).insert(sized(4)), 1],
      ['a deletion', (tx) => tx.documents(PARCELS).delete('ahead'), undefined],
    ])('is read again after %s', async (_what, work, expected) => {
      await put(1)
      expect(await database.locked(['parcel:early'], async (tx) => (await work(tx), get(tx)), ahead)).toBe(expected)
    })

    it('is read again with the locks, when their rows were missing', async () => {
      await put(1)
      let begun = 0
      const first = async (tx: Transaction): Promise<void> => {
        if (++begun === 2) await put(2)
        await ahead(tx)
      }
      expect(await database.locked(['parcel:rowless'], get, first)).toBe(2)
      expect(begun).toBe(2)
    })

    it('fails who waits for the packet, once', async () => {
      const nowhere = { ...PARCELS, name: 'no_such_table' }
      const failing = database.locked(['parcel:early'], get, async (tx) => tx.readAhead(nowhere, 'ahead'))
      await expect(failing).rejects.toThrow('no_such_table')
    })
  })

  describe('statements of one packet', () => {
    const wrong = { id: 'wrong', town: null, weight: 1, postedAt: 'no time' }

    it('prepare again what the server skipped', async () => {
      const rare = (tx: Transaction): Promise<unknown> => tx.documents(PARCELS).find({ where: { weight: [7, null] }, orderBy: 'weight' })
      const failing = database.transaction(async (tx) => {
        await tx.documents(PARCELS).put(wrong)
        await rare(tx)
      })
      await expect(failing).rejects.toThrow('timestamp')
      expect(await database.transaction(rare)).toEqual([])
    })

    it('are never sent after a rollback', async () => {
      let late: Promise<unknown> = Promise.resolve()
      const failing = database.transaction(async (tx) => {
        late = tx
          .documents(PARCELS)
          .insert({ ...wrong, id: 'late', postedAt: '2026-01-01T00:00:00Z' })
          .catch((error: Error) => error.message)
        throw new Error('no')
      })
      await expect(failing).rejects.toThrow('no')
      expect(await late).toBe('the transaction is over')
      expect(await database.query(`SELECT id FROM linter.parcel WHERE id = 'late'`)).toEqual([])
    })

    it('begin with the locks, whose rows may be missing', async () => {
      const seen: unknown[] = []
      const first = async (tx: Transaction): Promise<boolean> => {
        seen.push(tx.holds(['parcel:new']))
        return tx.documents(PARCELS).insert({ ...wrong, id: 'first', postedAt: '2026-01-01T00:00:00Z' })
      }
      expect(await database.locked(['parcel:new'], async (_tx, isInserted) => isInserted, first)).toBe(true)
      expect(seen).toEqual([true, true])
      expect(await database.locked(['parcel:new'], async (_tx, isInserted) => isInserted, first)).toBe(false)
      await database.query('TRUNCATE linter.parcel')
    })
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
