import { describe, expect, it } from 'vitest'
import { MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { documentTable } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { PruneTables, type PruneRule } from './prune-tables.js'
import { readRetentionConfig } from './retention.config.js'

interface Note {
  id: string
  state: 'open' | 'over'
}
const NOTES = documentTable<Note>({
  name: 'note',
  id: ({ id }) => id,
  keys: { state: { type: 'text', of: ({ state }) => state } },
  keep: { for: 'runs', ended: { state: ['over'] } },
})
const TOPIC = 'hms.lint.v1'
const DAY_MS = 24 * 60 * 60 * 1000

function service(rule?: PruneRule<Note>) {
  const clock = new VirtualClock()
  const database = new MemoryDatabase(clock)
  const stores = { outbox: new MemoryOutboxStore(), positions: new MemoryPositionStore() }
  const metrics = new Metrics()
  const prune = new PruneTables(
    'linter',
    [NOTES] as never,
    database,
    stores,
    readRetentionConfig({ HMS_RETENTION: '40d' }),
    silentLogger,
    metrics,
  )
  if (rule !== undefined) prune.rule(NOTES, rule)
  return {
    database,
    prune,
    stores,
    metrics,
    pass: (days: number) => clock.advanceTo(clock.now().getTime() + days * DAY_MS),
    put: (...notes: Note[]) =>
      database.transaction(async (tx) => {
        for (const note of notes) await tx.documents(NOTES).put(note)
      }),
    ids: () => database.transaction(async (tx) => (await tx.documents(NOTES).find()).map(({ id }) => id)),
  }
}

describe('pruning', () => {
  it('deletes rows that ended longer ago than the retention, and never open rows', async () => {
    const { put, pass, prune, ids, metrics } = service()
    await put({ id: 'old', state: 'over' }, { id: 'open', state: 'open' })
    pass(20)
    await put({ id: 'young', state: 'over' })
    pass(21)
    expect(await prune.execute()).toBe(false)
    expect(await ids()).toEqual(['open', 'young'])
    expect((await metrics.pruned.get()).values).toMatchObject([{ labels: { table: 'note' }, value: 1 }])
  })

  it('keeps rows that the service still needs, and checks them again after another retention', async () => {
    let needed = true
    const { put, pass, prune, ids } = service({ isNeeded: async () => needed })
    await put({ id: 'live', state: 'over' })
    pass(41)
    await prune.execute()
    needed = false
    pass(39)
    await prune.execute()
    expect(await ids()).toEqual(['live'])
    pass(2)
    await prune.execute()
    expect(await ids()).toEqual([])
  })

  it('calls the service for each deleted row, in the same transaction', async () => {
    const gone: string[] = []
    const { put, pass, prune, ids } = service({
      onDelete: async (_tx, { id }) => {
        gone.push(id)
        if (id === 'b') throw new Error('no')
      },
    })
    await put({ id: 'a', state: 'over' })
    pass(41)
    await prune.execute()
    expect(gone).toEqual(['a'])
    await put({ id: 'b', state: 'over' })
    pass(41)
    expect(await prune.execute()).toBe(false)
    expect(await ids()).toEqual(['b'])
  })

  it('reports when a batch was full', async () => {
    const { put, pass, prune, ids } = service()
    await put(...Array.from({ length: 450 }, (_, n): Note => ({ id: String(n), state: 'over' })))
    pass(41)
    expect([await prune.execute(), await prune.execute(), await prune.execute()]).toEqual([true, true, false])
    expect(await ids()).toEqual([])
  })

  it('deletes positions before the counters that they follow, so that a reader never takes a new event for a duplicate', async () => {
    const { database, stores, pass, prune } = service()
    const stream = { consumer: 'simulator', producer: 'linter', topic: TOPIC, key: 'a' }
    const next = () => database.transaction((tx) => stores.outbox.nextKeySeq(tx, TOPIC, 'a'))
    const read = (keySeq: number) => database.transaction(async (tx) => (await stores.positions.advance(tx, stream, keySeq)).order)
    for (let n = 0; n < 5; n++) expect(await read(await next())).toBe('next')
    pass(11)
    await prune.execute()
    expect(await next()).toBe(6)
    pass(21)
    await prune.execute()
    expect(await read(await next())).toBe('next')
  })

  it('refuses a retention that is shorter than messages need', () => {
    expect(() => readRetentionConfig({ HMS_RETENTION: '3d' })).toThrow(/HMS_RETENTION/)
    expect(readRetentionConfig({}).ms('runs')).toBe(400 * DAY_MS)
  })
})
