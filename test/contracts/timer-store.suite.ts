import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NewTimer, Timer, TimerStore, Transaction } from '#libs/persistence'
import type { StoreAdapter } from './adapter.js'

/** `pass` lets database time go by: virtual in memory; on PostgreSQL the rows move back instead. */
export type TimerAdapter = StoreAdapter<TimerStore> & { pass(ms: number): Promise<void> }

const LEASE_MS = 10_000
const HOUR_MS = 3_600_000

/** What every `TimerStore` keeps. */
export function timerStoreSuite(open: () => Promise<TimerAdapter>): void {
  let adapter: TimerAdapter
  beforeEach(async () => {
    adapter = await open()
  })
  afterEach(() => adapter.close())

  const run = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => adapter.database.transaction(work)
  const schedule = (id: string, inMs = 0, more: Partial<NewTimer> = {}): Promise<void> =>
    run((tx) => adapter.store.schedule(tx, { id, kind: 'test', keys: ['policy:a'], dueAt: new Date(tx.now.getTime() + inMs), ...more }))
  const claim = (limit = 10, leaseMs = LEASE_MS): Promise<Timer[]> => run((tx) => adapter.store.claimDue(tx, limit, leaseMs))
  const claimed = async (): Promise<string[]> => (await claim()).map(({ id }) => id)
  const take = (timer: Timer): Promise<boolean> => run((tx) => adapter.store.take(tx, timer))
  const waitMs = (): Promise<number | null> => run((tx) => adapter.store.nextDueInMs(tx))

  it('claims what is due, earliest first, with what was stored', async () => {
    await schedule('second', -1_000, { keys: ['policy:a', 'policy:b'], data: { run: 7, deep: { list: [1] } } })
    await schedule('first', -2_000)
    await schedule('later', HOUR_MS)
    const timers = await claim()
    expect(timers.map(({ id }) => id)).toEqual(['first', 'second'])
    expect(timers[0]).toMatchObject({ kind: 'test', keys: ['policy:a'], data: {} })
    expect(timers[1]).toMatchObject({ keys: ['policy:a', 'policy:b'], data: { run: 7, deep: { list: [1] } } })
    expect(timers[1]!.dueAt).toBeInstanceOf(Date)
  })

  it('moves a timer that is scheduled again', async () => {
    await schedule('a', -1, { data: { try: 1 } })
    await schedule('a', HOUR_MS, { data: { try: 2 } })
    expect(await claimed()).toEqual([])
    await adapter.pass(HOUR_MS + 1)
    expect(await claim()).toMatchObject([{ id: 'a', data: { try: 2 } }])
  })

  it('forgets cancelled timers', async () => {
    await schedule('a', -1)
    await schedule('b', -1)
    await schedule('c', -1)
    await run((tx) => adapter.store.cancel(tx, 'b', 'c', 'neither'))
    await run((tx) => adapter.store.cancel(tx, 'a'))
    await run((tx) => adapter.store.cancel(tx, 'never there'))
    expect(await claimed()).toEqual([])
    expect(await waitMs()).toBeNull()
  })

  it('claims nothing whose transaction failed', async () => {
    const failing = run(async (tx) => {
      await adapter.store.schedule(tx, { id: 'a', kind: 'test', keys: [], dueAt: tx.now })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await claimed()).toEqual([])
  })

  describe('claims', () => {
    it('are disjoint between concurrent claimers, keep to their limit, and together are all', async () => {
      const ids = Array.from({ length: 30 }, (_, at) => `timer-${at}`)
      for (const id of ids) await schedule(id, -1_000)
      const claims = await Promise.all(Array.from({ length: 4 }, () => claim(10)))
      for (const each of claims) expect(each.length).toBeLessThanOrEqual(10)
      // A claim made while all were locked got fewer; no other claim may have the rest, so they are still there.
      const rest = await claim(40)
      expect([...claims.flat(), ...rest].map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
      expect(new Set([...claims.flat(), ...rest].map(({ leaseEpoch }) => leaseEpoch)).size).toBe(ids.length)
    })

    it('end: a timer whose holder died goes to another', async () => {
      await schedule('a', -1)
      const [dead] = await claim()
      expect(await claimed()).toEqual([])
      await adapter.pass(LEASE_MS + 1)
      const [alive] = await claim()
      expect(alive?.id).toBe('a')
      expect(alive!.leaseEpoch).toBeGreaterThan(dead!.leaseEpoch)
      expect(await take(dead!)).toBe(false)
      expect(await take(alive!)).toBe(true)
    })

    it('are renewed by their holder only', async () => {
      await schedule('a', -1)
      const [dead] = await claim()
      await adapter.pass(LEASE_MS - 1_000)
      expect(await run((tx) => adapter.store.renew(tx, dead!, LEASE_MS))).toBe(true)
      await adapter.pass(LEASE_MS - 1_000)
      expect(await claimed()).toEqual([])
      await adapter.pass(2_000)
      const [alive] = await claim()
      expect(await run((tx) => adapter.store.renew(tx, dead!, HOUR_MS))).toBe(false)
      expect(await take(alive!)).toBe(true)
    })
  })

  describe('take', () => {
    it('succeeds once', async () => {
      await schedule('a', -1)
      const [timer] = await claim()
      expect(await take(timer!)).toBe(true)
      expect(await take(timer!)).toBe(false)
      await adapter.pass(LEASE_MS + 1)
      expect(await claimed()).toEqual([])
    })

    it('fails after a cancel', async () => {
      await schedule('a', -1)
      const [timer] = await claim()
      await run((tx) => adapter.store.cancel(tx, 'a'))
      expect(await take(timer!)).toBe(false)
    })

    it('fails after the id was scheduled again, also when the new wait is due and claimed', async () => {
      await schedule('a', -1)
      const [old] = await claim()
      await schedule('a', -1)
      expect(await take(old!)).toBe(false)
      const [moved] = await claim()
      expect(moved?.id).toBe('a')
      expect(await take(old!)).toBe(false)
      expect(await run((tx) => adapter.store.renew(tx, old!, LEASE_MS))).toBe(false)
      expect(await take(moved!)).toBe(true)
    })

    it('fails after a cancel and a new timer of the same id', async () => {
      await schedule('a', -1)
      const [old] = await claim()
      await run((tx) => adapter.store.cancel(tx, 'a'))
      await schedule('a', -1)
      const [fresh] = await claim()
      expect(await take(old!)).toBe(false)
      expect(await take(fresh!)).toBe(true)
    })

    it('is undone by a rollback', async () => {
      await schedule('a', -1)
      const [timer] = await claim()
      const failing = run(async (tx) => {
        expect(await adapter.store.take(tx, timer!)).toBe(true)
        throw new Error('handler failed')
      })
      await expect(failing).rejects.toThrow('handler failed')
      expect(await take(timer!)).toBe(true)
    })
  })

  it('returns the time until the next one is due or its lease ends', async () => {
    expect(await waitMs()).toBeNull()
    await schedule('late', HOUR_MS)
    expect(await waitMs()).toSatisfy(near(HOUR_MS))
    await schedule('soon', 60_000)
    expect(await waitMs()).toSatisfy(near(60_000))
    await schedule('now', -1)
    await claim(1, 30_000)
    expect(await waitMs()).toSatisfy(near(30_000))
  })

  it('lists what waits under a prefix, literally', async () => {
    for (const id of ['run:1:a', 'run:1:b', 'run:10:a', 'run_1:a']) await schedule(id, HOUR_MS)
    const pending = await run((tx) => adapter.store.pending(tx, 'run:1:'))
    expect(pending.map(({ id }) => id).toSorted()).toEqual(['run:1:a', 'run:1:b'])
    expect(await run((tx) => adapter.store.pending(tx, 'run_'))).toHaveLength(1)
  })
}

/** Real clocks move between two statements. */
function near(ms: number): (value: number | null) => boolean {
  return (value) => value !== null && Math.abs(value - ms) < 2_000
}
