import { MemoryDatabase } from '#libs/persistence/testing'
import { silentLogger, uuidv7 } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { describe, expect, it } from 'vitest'
import { factsOf } from './entry.js'
import type { EntryStore } from './entry.store.js'
import { MemoryEntryStore } from '../testing/memory-entry-store.js'
import { Intake } from './intake.js'

/** Creates an intake on memory adapters that records its batches. `failing`: number of batches that fail first. */
function harness({ failing = 0, halted = undefined as string | undefined } = {}) {
  const clock = new VirtualClock()
  const database = new MemoryDatabase(clock)
  const store = new MemoryEntryStore()
  const state = { failing, halted, batches: [] as boolean[] }
  const entries: EntryStore = {
    append: (tx, facts) => store.append(tx, facts),
    unsigned: () => store.unsigned(),
    dropUnsigned: () => store.dropUnsigned(),
    find: (tx, query) => store.find(tx, query),
    async sequence(tx, limit) {
      if (state.failing-- > 0) throw new Error('database down')
      return store.sequence(tx, limit)
    },
  }
  const intake = new Intake({
    database,
    entries,
    clock,
    log: silentLogger,
    halted: () => state.halted,
    placed: (isAwaited) => void state.batches.push(isAwaited),
  })
  intake.start()
  const event = () => {
    const head = { id: uuidv7(), source: '/hms-svc/linter', type: 'hms.lint.passed.v1', topic: 'hms.lint.v1', key: 'ozone', keySeq: 1 }
    return factsOf({ ...head, time: '2026-01-01T00:00:00.000Z', data: {}, envelope: { payload: 'e30=', payloadType: 'x', signatures: [] } })
  }
  const take = (count = 1, wake = true, isAwaited = false, facts = event()): Promise<void> =>
    database.transaction(async (tx) => {
      for (let nth = 0; nth < count; nth++) await store.append(tx, nth === 0 ? facts : event())
      if (wake) tx.afterCommit(() => intake.wake(isAwaited))
    })
  const pass = async (ms: number): Promise<void> => {
    clock.advanceTo(clock.now().getTime() + ms)
    await settle()
  }
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const size = (): Promise<number> => database.transaction(async (tx) => (await store.find(tx, { limit: 10_000 })).length)
  return { intake, state, event, take, settle, pass, size }
}

describe('Intake', () => {
  it('places the first entry of a quiet log immediately, and the following ones in one batch', async () => {
    const { pass, take, settle, size, state } = harness()
    await settle()
    await pass(100)
    await take()
    await settle()
    expect(await size()).toBe(1)
    for (let nth = 0; nth < 50; nth++) {
      await take()
      await settle()
    }
    expect(await size()).toBe(1)
    await pass(50)
    expect([await size(), state.batches.length]).toEqual([51, 2])
    await Promise.all([take(), take()])
    await pass(50)
    expect(await size()).toBe(53)
  })

  it('places an awaited entry immediately, together with earlier ones', async () => {
    const { pass, take, settle, size, state } = harness()
    await settle()
    await pass(100)
    await take()
    await settle()
    await take()
    await take(1, true, true)
    await settle()
    expect([await size(), state.batches]).toEqual([3, [false, true]])
    // Entries that arrive during a batch go into the next one.
    await Promise.all([take(1, true, true), take(), take(1, true, true)])
    await settle()
    expect(await size()).toBe(6)
    await take()
    await settle()
    expect(await size()).toBe(6)
  })

  it('reports an awaited entry even if another instance placed it', async () => {
    const { intake, pass, settle, state } = harness()
    await settle()
    await pass(100)
    intake.wake(true)
    await settle()
    expect(state.batches).toEqual([true])
  })

  it('places more entries than one batch can contain', async () => {
    const { pass, take, size } = harness()
    await take(2_500)
    await pass(50)
    expect(await size()).toBe(2_500)
  })

  it('places the rest of a full batch that contains an event of the log', async () => {
    const { event, pass, settle, take, size } = harness()
    const known = event()
    await take(1, true, false, known)
    await settle()
    await pass(100)
    await take(2_500, true, false, known)
    await pass(50)
    expect(await size()).toBe(2_500)
  })

  it('places entries of an earlier process when it starts, and none while it is stopped', async () => {
    const { intake, pass, take, settle, size } = harness()
    await settle()
    intake.stop()
    await take(3)
    await pass(5_000)
    expect(await size()).toBe(0)
    intake.start()
    await settle()
    expect(await size()).toBe(3)
  })

  it('places entries within a second without a notification, for instance those of a dead process', async () => {
    const { pass, take, size } = harness()
    await pass(300)
    await take(3, false)
    await pass(1_000)
    expect(await size()).toBe(3)
    await take(1, false)
    await pass(1_000)
    expect(await size()).toBe(4)
  })

  it('retries after a failure, even without new entries', async () => {
    const { pass, take, size } = harness({ failing: 3 })
    await take(3)
    await pass(50)
    expect(await size()).toBe(0)
    for (let second = 0; second < 3; second++) await pass(1_000)
    expect(await size()).toBe(3)
  })

  it('adds nothing to a halted log', async () => {
    const { pass, take, size } = harness({ halted: 'forked' })
    await take(3)
    await pass(2_000)
    expect(await size()).toBe(0)
  })
})
