import type { Database, Transaction } from '#libs/persistence'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { StoreTime } from './store-time.js'

const DAY_MS = 24 * 60 * 60 * 1_000
const AT = Date.parse('2026-01-01T00:00:00Z')

/** Simulates a host whose wall clock is set while its processes run, and a database on another host. */
describe('the time of an instance', () => {
  let clock: VirtualClock
  let wallAheadMs: number
  let databaseAheadMs: number
  let isReached: boolean
  let time: StoreTime
  beforeEach(() => {
    clock = new VirtualClock(new Date(AT).toISOString())
    wallAheadMs = databaseAheadMs = 0
    isReached = true
    const transaction = async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
      if (!isReached) throw new Error('no database')
      return work({ now: new Date(clock.elapsedMs() + databaseAheadMs) } as Transaction)
    }
    const host = {
      now: () => new Date(clock.elapsedMs() + wallAheadMs),
      elapsedMs: () => clock.elapsedMs(),
      after: (delayMs: number, action: () => void) => clock.after(delayMs, action),
    }
    time = new StoreTime({ transaction } as Database, host, silentLogger)
  })
  const pass = async (ms: number): Promise<void> => {
    clock.advanceTo(clock.elapsedMs() + ms)
    await new Promise((resolve) => setImmediate(resolve))
  }

  it.each([DAY_MS, -DAY_MS])('does not follow a wall clock that is set by %d ms', async (jumpMs) => {
    await time.onApplicationBootstrap()
    wallAheadMs = jumpMs
    expect(time.nowMs()).toBe(AT)
    await pass(30_000)
    expect(time.nowMs()).toBe(AT + 30_000)
    await pass(30_000)
    await pass(30_000)
    expect(time.nowMs()).toBe(AT + 90_000)
  })

  it('follows the database from the next comparison on', async () => {
    await time.onApplicationBootstrap()
    databaseAheadMs = 5_000
    expect(time.nowMs()).toBe(AT)
    await pass(60_000)
    expect(time.nowMs()).toBe(AT + 65_000)
  })

  it('is the wall clock until the database is first reached, and continues without the database afterwards', async () => {
    isReached = false
    await time.onApplicationBootstrap()
    wallAheadMs = 1_000
    expect(time.nowMs()).toBe(AT + 1_000)
    isReached = true
    await pass(60_000)
    expect(time.nowMs()).toBe(AT + 60_000)
    isReached = false
    await pass(60_000)
    expect(time.nowMs()).toBe(AT + 120_000)
  })
})
