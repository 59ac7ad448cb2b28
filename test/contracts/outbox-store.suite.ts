import { afterEach, beforeEach, expect, it } from 'vitest'
import type { OutgoingEvent } from '#libs/contracts'
import type { OutboxStore } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { uuidv7 } from '#libs/platform'
import type { StoreTwin } from './twin.js'

const TOPIC = 'hms.lint.v1'

/** What every `OutboxStore` keeps. */
export function outboxStoreSuite(open: () => Promise<StoreTwin<OutboxStore>>): void {
  let twin: StoreTwin<OutboxStore>
  beforeEach(async () => {
    twin = await open()
  })
  afterEach(() => twin.close())

  const run = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => twin.database.transaction(work)
  const append = async (tx: Transaction, key: string, more: Partial<OutgoingEvent> = {}): Promise<OutgoingEvent> => {
    const keySeq = await twin.store.nextKeySeq(tx, TOPIC, key)
    const event = eventOf(key, keySeq, { time: tx.now.toISOString(), ...more })
    await twin.store.append(tx, event)
    return event
  }
  const unsent = (limit = 100) => run((tx) => twin.store.unsent(tx, limit))

  it('gives the event back as it went in', async () => {
    const full = { runId: '7', attempt: 2, causationId: uuidv7(new Date()), traceparent: '00-1-2-01' }
    const plain = await run((tx) => append(tx, 'a'))
    const rich = await run((tx) => append(tx, 'b', full))
    const tombstone = await run((tx) => append(tx, 'c', { value: null }))
    const rows = await unsent()
    expect(rows.map(({ seq: _seq, ...event }) => event)).toMatchObject([plain, rich, tombstone])
    expect(Object.keys(rows[0]!)).not.toContain('runId')
  })

  it('numbers each (topic, key) from 1 without a gap, whoever writes and whoever fails', async () => {
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
    expect(await run((tx) => twin.store.nextKeySeq(tx, 'hms.canary.v1', 'key-0'))).toBe(1)
  })

  it('hands out unsent rows oldest first, up to the limit, and forgets those that were sent', async () => {
    const events = await run(async (tx) => [await append(tx, 'a'), await append(tx, 'b'), await append(tx, 'a')])
    const [first, second, third] = events.map(({ id }) => id)
    expect((await unsent(2)).map(({ id }) => id)).toEqual([first, second])
    await run((tx) => twin.store.markSent(tx, [second!]))
    expect((await unsent()).map(({ id }) => id)).toEqual([first, third])
    await run((tx) => twin.store.markSent(tx, [third!, first!, second!]))
    await run((tx) => twin.store.markSent(tx, []))
    expect(await unsent()).toEqual([])
  })

  it('knows since when the oldest unsent row waits', async () => {
    expect(await run((tx) => twin.store.oldestUnsentAt(tx))).toBeNull()
    const old = await run((tx) => append(tx, 'a', { time: '2026-01-01T00:00:00.000Z' }))
    await run((tx) => append(tx, 'a', { time: '2026-01-01T00:00:05.000Z' }))
    expect((await run((tx) => twin.store.oldestUnsentAt(tx)))?.toISOString()).toBe('2026-01-01T00:00:00.000Z')
    await run((tx) => twin.store.markSent(tx, [old.id]))
    expect((await run((tx) => twin.store.oldestUnsentAt(tx)))?.toISOString()).toBe('2026-01-01T00:00:05.000Z')
  })
}

function eventOf(key: string, keySeq: number, more: Partial<OutgoingEvent>): OutgoingEvent {
  const head = { id: uuidv7(new Date()), source: '/hms-svc/linter', type: 'hms.lint.failed.v1', topic: TOPIC }
  return { ...head, key, keySeq, time: '', value: '{}', ...more }
}
