import { afterEach, beforeEach, expect, it } from 'vitest'
import type { VerifiedEvent } from '#libs/contracts'
import type { PositionStore, StreamKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import type { StoreAdapter } from './adapter.js'

const STREAM: StreamKey = { consumer: 'simulator', producer: 'linter', topic: 'hms.lint.v1', key: 'a' }

/** What every `PositionStore` keeps. */
export function positionStoreSuite(open: () => Promise<StoreAdapter<PositionStore>>): void {
  let adapter: StoreAdapter<PositionStore>
  beforeEach(async () => {
    adapter = await open()
  })
  afterEach(() => adapter.close())

  const run = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => adapter.database.transaction(work)
  const advance = async (keySeq: number, stream = STREAM) => (await run((tx) => adapter.store.advance(tx, stream, keySeq))).order
  const park = (keySeq: number, stream = STREAM) => run((tx) => adapter.store.park(tx, stream, eventOf(keySeq)))
  const unpark = async (keySeq: number, stream = STREAM) => (await run((tx) => adapter.store.unpark(tx, stream, keySeq)))?.keySeq
  const waiting = () => run(async (tx) => (await adapter.store.parked(tx)).count)

  it('begins a stream anywhere, then moves by one', async () => {
    expect(await advance(41)).toBe('next')
    expect(await advance(42)).toBe('next')
    expect(await advance(43)).toBe('next')
  })

  it('reports duplicates and gaps, and advances for neither', async () => {
    await advance(5)
    expect(await advance(5)).toBe('duplicate')
    expect(await advance(7)).toBe('gap')
    expect(await advance(99)).toBe('gap')
    expect(await advance(6)).toBe('next')
  })

  it('distinguishes numbers before the start of the stream from handled ones, and does not move back', async () => {
    for (const keySeq of [5, 6, 7]) await advance(keySeq)
    expect([await advance(4), await advance(1), await advance(5), await advance(6)]).toEqual(['before', 'before', 'duplicate', 'duplicate'])
    expect(await advance(8)).toBe('next')
  })

  it('skips a gap on request, but never moves back', async () => {
    const over = async (keySeq: number) => (await run((tx) => adapter.store.advance(tx, STREAM, keySeq, 'skip'))).order
    expect(await over(5)).toBe('next')
    expect(await over(9)).toBe('next')
    expect(await over(9)).toBe('duplicate')
    expect(await over(7)).toBe('duplicate')
    expect(await advance(10)).toBe('next')
  })

  it('keeps streams apart by consumer, producer, topic and key', async () => {
    await advance(5)
    const others = [
      { ...STREAM, consumer: 'approver' },
      { ...STREAM, producer: 'approver' },
      { ...STREAM, topic: 'hms.canary.v1' },
      { ...STREAM, key: 'b' },
    ]
    for (const stream of others) expect(await advance(1, stream)).toBe('next')
    expect(await advance(6)).toBe('next')
  })

  it('moves back with the transaction that failed', async () => {
    await advance(1)
    const failing = run(async (tx) => {
      await adapter.store.advance(tx, STREAM, 2)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await advance(2)).toBe('next')
  })

  it('lets one of several concurrent deliveries through', async () => {
    await advance(1)
    const places = await Promise.all(Array.from({ length: 5 }, () => advance(2)))
    expect(places.toSorted()).toEqual(['duplicate', 'duplicate', 'duplicate', 'duplicate', 'next'])
  })

  it('keeps what is parked, whole, until it is done with itself', async () => {
    await park(3)
    await park(3)
    await park(4)
    await park(3, { ...STREAM, key: 'b' })
    expect(await waiting()).toBe(3)
    expect(await unpark(1)).toBeUndefined()
    expect(await run((tx) => adapter.store.unpark(tx, STREAM, 2))).toEqual(eventOf(3))
    expect(await waiting()).toBe(3)
    expect(await unpark(3)).toBe(4)
    expect(await waiting()).toBe(2)
    expect(await unpark(4)).toBeUndefined()
    expect(await waiting()).toBe(1)
    expect(await unpark(2, { ...STREAM, key: 'b' })).toBe(3)
  })

  it('names the first event of each stream that waits too long', async () => {
    const overdue = (waitedMs: number) => run(async (tx) => (await adapter.store.overdue(tx, waitedMs)).map(({ keySeq }) => keySeq))
    await park(7)
    await park(4)
    await park(9, { ...STREAM, key: 'b' })
    expect(await overdue(60_000)).toEqual([])
    expect((await overdue(0)).toSorted()).toEqual([4, 9])
  })

  it('returns with the position whether an event of that stream waits', async () => {
    const parked = async (keySeq: number, stream = STREAM) => (await run((tx) => adapter.store.advance(tx, stream, keySeq))).parked
    expect(await parked(1)).toBe(false)
    await park(3)
    expect(await parked(1, { ...STREAM, key: 'b' })).toBe(false)
    expect(await parked(2)).toBe(true)
  })

  it('forgets streams that moved long ago, but none in which an event waits', async () => {
    const later = new Date(Date.now() + 1_000 * 60 * 60)
    const forget = (before: Date, limit: number) => run((tx) => adapter.store.prune(tx, before, limit))
    const waitingStream = { ...STREAM, key: 'b' }
    for (const key of ['a', 'b', 'c', 'd']) await advance(5, { ...STREAM, key })
    await park(7, waitingStream)
    expect(await forget(new Date(0), 10)).toBe(0)
    expect(await forget(later, 2)).toBe(2)
    expect(await forget(later, 10)).toBe(1)
    expect(await advance(5, waitingStream)).toBe('duplicate')
    expect(await advance(9)).toBe('next')
  })
}

function eventOf(keySeq: number): VerifiedEvent {
  const envelope = { payload: 'e30=', payloadType: 'application/vnd.in-toto+json', signatures: [{ keyid: 'k', sig: 's' }] }
  const head = { id: `event-${keySeq}`, source: '/hms-svc/linter', type: 't', topic: STREAM.topic, key: 'a', keySeq }
  return { ...head, time: '2026-01-01T00:00:00.000Z', data: { n: 1 }, envelope }
}
