import type { PostgresDatabase } from '#libs/persistence'
import { uuidv7 } from '#libs/platform'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LOG_ADAPTERS, openPostgres, type LogStores } from '../testing/log-adapters.suite.js'
import { factsOf, leafHashOf, type EntryFacts, type LogEntry } from './entry.js'
import { LOG_LOCK, type EntryQuery } from './entry.store.js'

function event(run: number | null): EntryFacts {
  const envelope = { payload: 'e30=', payloadType: 'x', signatures: [] }
  const head = { id: uuidv7(), source: '/hms-svc/linter', type: 'hms.lint.passed.v1', topic: 'hms.lint.v1', key: 'ozone', keySeq: 1 }
  return factsOf({ ...head, time: '2026-01-01T00:00:00.000Z', ...(run === null ? {} : { runId: String(run) }), data: {}, envelope })
}

describe.each(LOG_ADAPTERS)('the log in %s', (_name, open) => {
  let stores: LogStores
  beforeAll(async () => {
    stores = await open()
  })
  afterAll(() => stores.close())

  const take = (facts: EntryFacts): Promise<void> => stores.database.transaction((tx) => stores.entries.append(tx, facts))
  const sequence = (limit: number): Promise<{ added: number; isFull: boolean }> =>
    stores.database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      return stores.entries.sequence(tx, limit)
    })
  const place = async (limit: number): Promise<number> => (await sequence(limit)).added

  it('assigns indexes from 0 without gaps, in order of arrival, even if batches race, fail, or contain an event twice', async () => {
    const events = [1, 2, null, 2, 1, null].map(event)
    for (const each of events) await take(each)
    await take(events[3]!)
    const failing = stores.database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      await stores.entries.append(tx, event(9))
      await stores.entries.sequence(tx, 3)
      throw new Error('rolled back')
    })
    const added = await Promise.all([place(2), failing.catch(() => 0), place(2), place(10)])
    expect(added.reduce((sum, count) => sum + count)).toBe(6)
    await take(events[0]!)
    expect(await place(10)).toBe(0)
    expect(await place(10)).toBe(0)
    const all = await stores.database.transaction((tx) => stores.entries.find(tx, { limit: 100 }))
    expect(all.map(({ index, facts }) => [index, facts.event])).toEqual(events.map((facts, index) => [index, facts.event]))
    expect(all.every(({ facts, leafHash }) => leafHash.equals(leafHashOf(facts)))).toBe(true)
  })

  it('reports a full batch even if it adds fewer entries, because more events may wait', async () => {
    const known = event(20)
    await take(known)
    expect(await sequence(1)).toEqual({ added: 1, isFull: true })
    for (const each of [known, event(21), event(22)]) await take(each)
    expect(await sequence(2)).toEqual({ added: 1, isFull: true })
    expect(await sequence(2)).toEqual({ added: 1, isFull: false })
    expect(await sequence(2)).toEqual({ added: 0, isFull: false })
  })

  it('finds entries by run and after an index, up to a limit', async () => {
    const find = (query: EntryQuery): Promise<LogEntry[]> => stores.database.transaction((tx) => stores.entries.find(tx, query))
    expect((await find({ run: 2, limit: 10 })).map(({ facts }) => facts.run)).toEqual([2, 2])
    expect((await find({ after: 1, limit: 2 })).map(({ index }) => index)).toEqual([2, 3])
    const [first] = await find({ run: 1, limit: 1 })
    expect((await find({ run: 1, after: first!.index, limit: 10 })).length).toBe(1)
  })

  it('finds entries by person, type and time, newest first and page by page', async () => {
    const find = (query: EntryQuery): Promise<LogEntry[]> => stores.database.transaction((tx) => stores.entries.find(tx, query))
    const acts = ['2026-02-01', '2026-02-02', '2026-02-03'].map((day) => ({
      ...event(8),
      type: 'hms.approval.rejected.v1',
      at: `${day}T00:00:00.000Z`,
    }))
    for (const [at, act] of acts.entries())
      await stores.database.transaction((tx) =>
        stores.entries.append(tx, act, { actors: at === 1 ? ['epa counsel'] : ['epa chief', 'epa counsel'] }),
      )
    await place(10)
    const days = async (query: Omit<EntryQuery, 'limit'>, limit = 10): Promise<string[]> =>
      (await find({ ...query, limit })).map(({ facts }) => facts.at.slice(0, 10))
    expect(await days({ by: 'EPA Chief', newestFirst: true })).toEqual(['2026-02-03', '2026-02-01'])
    expect(await days({ by: 'EPA Counsel' })).toEqual(['2026-02-01', '2026-02-02', '2026-02-03'])
    expect(await days({ by: 'Stranger' })).toEqual([])
    expect(await days({ type: 'hms.approval.rejected.v1', since: new Date('2026-02-02'), until: new Date('2026-02-03') })).toEqual([
      '2026-02-02',
    ])
    const [newest] = await find({ newestFirst: true, limit: 1 })
    expect(newest!.facts.at).toBe('2026-02-03T00:00:00.000Z')
    expect(await days({ by: 'epa counsel', newestFirst: true, before: newest!.index }, 1)).toEqual(['2026-02-02'])
  })
})

describe.each(LOG_ADAPTERS)('the people of an entry in %s', (_name, open) => {
  it('are returned with the releases that it approves, on request', async () => {
    const { database, entries, close } = await open()
    const releases = [
      { id: 'ozone', version: '1.0.0', digest: 'sha256:1' },
      { id: 'pm25', version: '2.0.0', digest: 'sha256:2' },
    ]
    const approved = (seen: typeof releases) =>
      database.transaction(async (tx) => {
        await tx.lock([LOG_LOCK])
        await entries.append(tx, event(1), { releases: seen, actors: ['epa counsel', 'epa chief'] })
        await entries.sequence(tx, 10)
      })
    await approved(releases)
    // A retry of the run approves the same releases.
    await approved(releases)
    const find = (query: Omit<EntryQuery, 'limit'>) => database.transaction((tx) => entries.find(tx, { limit: 10, ...query }))
    const actors = ['epa chief', 'epa counsel']
    const policies = releases.map(({ id, version }) => ({ id, version }))
    expect(await find({ withActors: true, by: 'EPA Chief' })).toMatchObject([
      { actors, policies },
      { actors, policies: [] },
    ])
    expect((await find({}))[0]).not.toHaveProperty('actors')
    await close()
  })
})

describe('the tables of the log', () => {
  let stores: LogStores
  beforeAll(async () => {
    stores = await openPostgres()
  })
  afterAll(() => stores.close())

  const tables = [
    ['entry', 'run = 1'],
    ['tree_node', 'level = 1'],
    ['checkpoint', "note = 'x'"],
    ['logged_release', "version = 'x'"],
    ['entry_actor', "actor = 'x'"],
  ] as const
  const statements = tables.flatMap(([table, change]) => [
    `UPDATE audit.${table} SET ${change}`,
    `DELETE FROM audit.${table} WHERE false`,
    `TRUNCATE audit.${table}`,
    `SET LOCAL session_replication_role = replica; DELETE FROM audit.${table}`,
    `MERGE INTO audit.${table} USING (SELECT 1) AS one ON false WHEN MATCHED THEN DELETE`,
  ])
  it.each(statements)('refuse even their owner %s', async (sql) => {
    const refusal = { code: '42501', message: expect.stringContaining('only ever added to') }
    await expect((stores.database as PostgresDatabase).query(sql)).rejects.toMatchObject(refusal)
  })
})
