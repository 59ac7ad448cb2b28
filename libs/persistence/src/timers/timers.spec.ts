import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLogger, TerminalError, TransientError } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { MemoryDatabase } from '../testing/memory-database.js'
import { Timers } from './timers.js'
import { type Timer, timerKind } from './timer.store.js'
import { MemoryTimerStore } from '../testing/memory-timer-store.js'

const LONG_MS = 10 * 60_000

describe('Timers', () => {
  let clock: VirtualClock
  let database: MemoryDatabase
  let timers: Timers
  /** Times at which the handler was called, in ms after the due time. */
  let calls: number[]
  let given: { timer: Timer; error: unknown; fault: unknown }[]
  let behave: () => Promise<void>
  beforeEach(() => {
    clock = new VirtualClock('2026-01-01T00:00:00Z')
    database = new MemoryDatabase(clock)
    timers = new Timers(database, new MemoryTimerStore(), clock, silentLogger)
    calls = []
    given = []
    const start = clock.now().getTime()
    timers.on('test', async () => {
      calls.push(clock.now().getTime() - start)
      await behave()
    })
    timers.onGiveUp(async (_tx, timer, { error, fault }) => void given.push({ timer, error, fault }))
  })
  afterEach(() => timers.stop())

  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; quiet = timers.idle ? quiet + 1 : 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const schedule = (kind = 'test'): Promise<void> =>
    database.transaction((tx) => timers.store.schedule(tx, { id: 'a', kind, keys: ['policy:a'], data: { run: 7 }, dueAt: tx.now }))
  const pass = async (ms: number): Promise<void> => {
    const until = clock.now().getTime() + ms
    for (;;) {
      await settle()
      const next = clock.nextAt()
      if (next === undefined || next > until) return clock.advanceTo(until)
      clock.advanceTo(next)
    }
  }
  const pending = (): Promise<Timer[]> => database.transaction((tx) => timers.store.pending(tx, 'a'))

  it('waits twice as long after each failure, and gives a timer up after seven', async () => {
    const bug = new Error('bug')
    behave = () => Promise.reject(bug)
    await schedule()
    timers.start()
    await pass(LONG_MS)
    expect(calls).toEqual([0, 250, 750, 1_750, 3_750, 7_750, 15_750])
    expect(given).toMatchObject([{ timer: { id: 'a', keys: ['policy:a'], data: { run: 7 }, tries: 7 }, error: bug, fault: undefined }])
    expect(await pending()).toEqual([])
  })

  it('finds a timer of another instance within a second, and claims nothing before', async () => {
    behave = () => Promise.resolve()
    let claims = 0
    const claimDue = timers.store.claimDue.bind(timers.store)
    timers.store.claimDue = (...args) => (claims++, claimDue(...args))
    timers.start()
    await pass(60_500)
    expect(claims).toBe(1)
    await schedule()
    await pass(1_000)
    expect(calls).toEqual([61_000])
  })

  it('does not start work whose lease another instance holds by now', async () => {
    let begun = 0
    timers.onWork(timerKind('sending'), async () => void begun++, 1_000)
    const renew = timers.store.renew.bind(timers.store)
    timers.store.renew = () => Promise.resolve(false)
    await schedule('sending')
    timers.start()
    await pass(500)
    expect(begun).toBe(0)
    timers.store.renew = renew
    await schedule('sending')
    timers.wake()
    await pass(500)
    expect(begun).toBe(1)
  })

  it('warns of a database that is away once, and again after it was back', async () => {
    const warnings: string[] = []
    const log = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) }
    const waiting = new Timers(database, new MemoryTimerStore(), clock, log)
    const isAway = vi.spyOn(database, 'autocommit').mockRejectedValue(new TransientError('away'))
    waiting.start()
    await pass(10_000)
    expect([warnings.length, isAway.mock.calls.length > 5]).toEqual([1, true])
    isAway.mockRestore()
    await pass(10_000)
    vi.spyOn(database, 'autocommit').mockRejectedValue(new TransientError('away'))
    await pass(10_000)
    expect(warnings).toEqual(Array(2).fill('timers could not be swept'))
    await waiting.stop()
  })

  it('resets the attempts of a rescheduled timer', async () => {
    behave = () => Promise.reject(new Error('bug'))
    await schedule()
    timers.start()
    await pass(5_000)
    await schedule()
    timers.wake()
    await settle()
    expect(await pending()).toMatchObject([{ tries: 1 }])
  })

  it('gives a timer up at once after a terminal error', async () => {
    behave = () => Promise.reject(new TerminalError('HMS_TEST_NEVER', 'never'))
    await schedule()
    timers.start()
    await pass(LONG_MS)
    expect([calls, given.length]).toEqual([[0], 1])
  })

  it('retries a timer after transient errors without limit, at most 30 s apart', async () => {
    behave = () => Promise.reject(new TransientError('away'))
    await schedule()
    timers.start()
    await pass(10 * 60_000)
    const gaps = calls.map((at, index) => at - (calls[index - 1] ?? 0))
    expect(Math.max(...gaps)).toBe(30_000)
    expect(calls.length).toBeLessThan(30)
    expect(given).toEqual([])
    behave = async () => {}
    await pass(30_000)
    expect(await pending()).toEqual([])
  })

  it('keeps a timer of an unknown kind for a newer version', async () => {
    await schedule('unknown here')
    timers.start()
    await pass(LONG_MS)
    expect([await pending(), given]).toMatchObject([[{ tries: 0 }], []])
  })

  it('counts failures of work like failures of handlers', async () => {
    timers.onWork(timerKind('work'), async () => {
      calls.push(0)
      throw new Error('bug')
    })
    await schedule('work')
    timers.start()
    await pass(LONG_MS)
    expect([calls.length, given.length, await pending()]).toEqual([7, 1, []])
  })

  it('fires eight timers at a time, and others in place of those that wait outside', async () => {
    const hanging: (() => void)[] = []
    const hang = (): Promise<void> => new Promise((resolve) => hanging.push(resolve))
    timers.onWork(timerKind('waits'), ({ finish }) => hang().then(() => void finish(async () => {})))
    timers.onWork(timerKind('waits outside'), ({ finish, outside }) => outside(hang).then(() => void finish(async () => {})))
    const add = (kind: string, count: number): Promise<void> =>
      database.transaction(async (tx) => {
        const due = { kind, keys: ['policy:a'], data: {}, dueAt: tx.now }
        for (let index = 0; index < count; index++) await timers.store.schedule(tx, { id: `${kind} ${index}`, ...due })
      })
    await add('waits outside', 20)
    timers.start()
    await settle()
    expect(hanging).toHaveLength(20)
    await add('waits', 20)
    timers.wake()
    await settle()
    expect(hanging).toHaveLength(28)
    while (hanging.length > 0) {
      for (const end of hanging.splice(0)) end()
      await settle()
    }
  })

  it('passes the fault to a second call when giving a timer up fails, and then removes the timer', async () => {
    behave = () => Promise.reject(new Error('bug'))
    const faults: unknown[] = []
    timers.onGiveUp(async (_tx, _timer, { fault }) => {
      faults.push(fault)
      if (fault === undefined) throw new Error('no end')
    })
    await schedule()
    timers.start()
    await pass(LONG_MS)
    expect(faults).toMatchObject([undefined, { message: 'no end' }])
    expect(await pending()).toEqual([])
  })
})
