import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OutgoingEvent } from '#libs/contracts'
import type { OutboxStore, LogPosition } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { uuidv7 } from '#libs/platform'
import type { StoreAdapter } from './adapter.js'

const TOPIC = 'hms.lint.v1'

/** What every `OutboxStore` keeps. */
export function outboxStoreSuite(open: () => Promise<StoreAdapter<OutboxStore>>): void {
  let adapter: StoreAdapter<OutboxStore>
  beforeEach(async () => {
    adapter = await open()
  })
  afterEach(() => adapter.close())

  const run = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => adapter.database.transaction(work)
  const append = async (tx: Transaction, key: string, more: Partial<OutgoingEvent> = {}): Promise<OutgoingEvent> => {
    const keySeq = await adapter.store.nextKeySeq(tx, TOPIC, key)
    const event = eventOf(key, keySeq, { time: tx.now.toISOString(), ...more })
    await adapter.store.append(tx, event)
    return event
  }
  const unsent = (limit = 100) => run((tx) => adapter.store.unsent(tx, limit))

  it('gives the event back as it went in', async () => {
    const full = { runId: '7', attempt: 2, causationId: uuidv7(new Date()), traceparent: '00-1-2-01', headers: { 'hms-why': 'ö' } }
    const plain = await run((tx) => append(tx, 'a'))
    const rich = await run((tx) => append(tx, 'b', full))
    const tombstone = await run((tx) => append(tx, 'c', { value: null }))
    const rows = await unsent()
    expect(rows.map(({ seq: _seq, ...event }) => event)).toMatchObject([plain, rich, tombstone])
    expect(Object.keys(rows[0]!)).not.toContain('runId')
  })

  it('numbers each (topic, key) from 1 without a gap, with concurrent and failing writers', async () => {
    const writes = Array.from({ length: 60 }, (_, at) =>
      run(async (tx) => {
        await append(tx, `key-${at % 3}`)
        if (at % 5 === 0) throw new Error('rolled back')
      }).catch((error: Error) => expect(error.message).toBe('rolled back')),
    )
    await Promise.all(writes)
    const rows = await unsent()
    expect(rows).toHaveLength(48)
    for (const key of ['key-0', 'key-1', 'key-2']) {
      // In seq order, so that the order in the log is the order of the commits.
      const mine = rows.filter((row) => row.key === key).map(({ keySeq }) => keySeq)
      expect(mine).toEqual(Array.from({ length: 16 }, (_, at) => at + 1))
    }
    expect(await run((tx) => adapter.store.nextKeySeq(tx, 'hms.canary.v1', 'key-0'))).toBe(1)
  })

  it('sends the oldest unsent rows to the next offsets of the embedded log, in order and once, with concurrent senders', async () => {
    const events = await run(async (tx) => [await append(tx, 'a'), await append(tx, 'b'), await append(tx, 'a'), await append(tx, 'c')])
    const [first] = await run((tx) => adapter.store.sendUnsent(tx, 1))
    expect(first).toMatchObject(events[0]!)
    const [some, others] = await Promise.all([
      run((tx) => adapter.store.sendUnsent(tx, 100)),
      run((tx) => adapter.store.sendUnsent(tx, 100)),
    ])
    const rest = [...some, ...others]
    expect(rest).toMatchObject(events.slice(1))
    const offsets = rest.map(({ offset }) => offset)
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
    expect(offsets[0]).toBeGreaterThan(first!.offset)
    expect(await unsent()).toEqual([])
  })

  it('returns unsent rows oldest first, up to the limit, and no sent ones', async () => {
    const events = await run(async (tx) => [await append(tx, 'a'), await append(tx, 'b'), await append(tx, 'a')])
    const [first, second, third] = events.map(({ id }) => id)
    expect((await unsent(2)).map(({ id }) => id)).toEqual([first, second])
    await run((tx) => adapter.store.markSent(tx, embedded(second!)))
    expect((await unsent()).map(({ id }) => id)).toEqual([first, third])
    await run((tx) => adapter.store.markSent(tx, embedded(third!, first!, second!)))
    await run((tx) => adapter.store.markSent(tx, embedded()))
    expect(await unsent()).toEqual([])
  })

  it('knows since when the oldest unsent row waits', async () => {
    expect(await run((tx) => adapter.store.pending(tx))).toEqual({ count: 0, oldestAt: null })
    const old = await run((tx) => append(tx, 'a', { time: '2026-01-01T00:00:00.000Z' }))
    await run((tx) => append(tx, 'a', { time: '2026-01-01T00:00:05.000Z' }))
    expect(await run((tx) => adapter.store.pending(tx))).toEqual({ count: 2, oldestAt: new Date('2026-01-01T00:00:00.000Z') })
    await run((tx) => adapter.store.markSent(tx, embedded(old.id)))
    expect(await run((tx) => adapter.store.pending(tx))).toEqual({ count: 1, oldestAt: new Date('2026-01-01T00:00:05.000Z') })
  })

  describe('with a broker that reports the positions of records', () => {
    const at = (partition: number, offset: number): LogPosition => ({
      partition,
      offset,
      ...(partition === 3 ? { atMs: 1_000 + offset } : {}),
    })
    const send = (...placed: [OutgoingEvent, LogPosition][]) =>
      run((tx) => adapter.store.markSent(tx, new Map(placed.map(([{ id }, place]) => [id, place]))))

    it('keeps the position of each partition, in whatever order the responses arrive', async () => {
      const events = await run(async (tx) => [await append(tx, 'a'), await append(tx, 'b'), await append(tx, 'c')])
      const [a, b, c] = events as [OutgoingEvent, OutgoingEvent, OutgoingEvent]
      expect(await send([a, at(3, 7)], [b, at(5, 0)])).toEqual(
        new Map([
          [a.id, 7],
          [b.id, 0],
        ]),
      )
      await send([c, at(3, 6)])
      const ends = await run((tx) => adapter.store.logEnds(tx))
      expect(ends.toSorted((x, y) => x.partition - y.partition)).toEqual([
        { topic: TOPIC, ...at(3, 7) },
        { topic: TOPIC, ...at(5, 0) },
      ])
      expect(await unsent()).toEqual([])
    })

    it('sends a partition again from its oldest row, and no other', async () => {
      const events = await run(async (tx) => [await append(tx, 'a'), await append(tx, 'b'), await append(tx, 'a')])
      const [a, b, again] = events as [OutgoingEvent, OutgoingEvent, OutgoingEvent]
      await send([a, at(3, 0)], [b, at(5, 0)], [again, at(3, 1)])
      expect(await run((tx) => adapter.store.unsendPartition(tx, TOPIC, 3))).toBe(2)
      expect((await unsent()).map(({ id }) => id)).toEqual([a.id, again.id])
      expect(await run((tx) => adapter.store.logEnds(tx))).toEqual([{ topic: TOPIC, ...at(5, 0) }])
    })

    it('sends again what was made since a time', async () => {
      const times = ['2026-01-01T00:00:00.000Z', '2026-01-01T01:00:00.000Z', '2026-01-01T02:00:00.000Z']
      const events = await run(async (tx) => [
        await append(tx, 'a', { time: times[0] }),
        await append(tx, 'b', { time: times[1] }),
        await append(tx, 'a', { time: times[2] }),
      ])
      await send(...events.map((event, offset): [OutgoingEvent, LogPosition] => [event, at(0, offset)]))
      const unsend = (afterSeq: number) => run((tx) => adapter.store.unsendSince(tx, new Date(times[1]!), afterSeq, 1))
      const first = await unsend(0)
      expect(first.rows).toBe(1)
      const second = await unsend(first.lastSeq!)
      expect(second.rows).toBe(1)
      expect(await unsend(second.lastSeq!)).toEqual({ rows: 0, lastSeq: null })
      expect((await unsent()).map(({ id }) => id)).toEqual([events[1]!.id, events[2]!.id])
    })

    it('forgets what was sent long ago, but of compacted topics the newest of each key', async () => {
      const events = await run(async (tx) => [await append(tx, 'a'), await append(tx, 'a'), await append(tx, 'b'), await append(tx, 'c')])
      await send(...events.slice(0, 3).map((event, offset): [OutgoingEvent, LogPosition] => [event, at(0, offset)]))
      const later = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000)
      const prune = (compacted: string[], limit: number) => run((tx) => adapter.store.prune(tx, later, compacted, limit))
      expect(await run((tx) => adapter.store.prune(tx, new Date(0), [], 10))).toBe(0)
      expect(await prune([TOPIC], 10)).toBe(1)
      expect(await prune([TOPIC], 10)).toBe(0)
      expect(await prune([], 1)).toBe(1)
      expect(await prune([], 10)).toBe(1)
      expect((await unsent()).map(({ id }) => id)).toEqual([events[3]!.id])
    })

    it('forgets a tombstone as any other record, also of a compacted topic', async () => {
      const tombstone = await run((tx) => append(tx, 'a', { value: null }))
      await send([tombstone, at(0, 0)])
      const later = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000)
      expect(await run((tx) => adapter.store.prune(tx, later, [TOPIC], 10))).toBe(1)
    })
  })

  describe('old streams', () => {
    const forget = (before: Date, limit = 100) => run((tx) => adapter.store.pruneStreams(tx, before, limit))
    const later = () => new Date(Date.now() + 1_000 * 60 * 60)

    it('stay while they are young', async () => {
      await run((tx) => append(tx, 'a'))
      expect(await forget(new Date(0))).toBe(0)
      expect((await run((tx) => append(tx, 'a'))).keySeq).toBe(2)
    })

    it('are numbered on above every number that was forgotten, never from 1 again', async () => {
      await run(async (tx) => {
        for (let n = 0; n < 7; n++) await append(tx, 'a')
        await append(tx, 'b')
      })
      expect(await forget(later(), 1)).toBe(1)
      expect(await forget(later())).toBe(1)
      expect(await forget(later())).toBe(0)
      expect((await run((tx) => append(tx, 'b'))).keySeq).toBe(8)
      expect((await run((tx) => append(tx, 'b'))).keySeq).toBe(9)
      expect((await run((tx) => append(tx, 'c'))).keySeq).toBe(8)
    })

    it('get no number twice from writers that run beside the pruning', async () => {
      const numbers: number[] = []
      const write = async () => void numbers.push((await run((tx) => append(tx, 'a'))).keySeq)
      for (let round = 0; round < 10; round++) await Promise.all([write(), forget(later()), write(), forget(later())])
      expect(new Set(numbers).size).toBe(20)
    })
  })
}

/** Without a place: the outbox is the log. */
function embedded(...ids: string[]): Map<string, undefined> {
  return new Map(ids.map((id) => [id, undefined]))
}

function eventOf(key: string, keySeq: number, more: Partial<OutgoingEvent>): OutgoingEvent {
  const head = { id: uuidv7(new Date()), source: '/hms-svc/linter', type: 'hms.lint.failed.v1', topic: TOPIC }
  return { ...head, key, keySeq, time: '', value: '{}', ...more }
}
