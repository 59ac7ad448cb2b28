import { describeError, FailureStreak, inTrace, isTransient, PeriodicTask, TerminalError, TransientError } from '#libs/platform'
import type { Clock, Logger } from '#libs/platform'
import type { Database, Transaction } from '../database.js'
import type { EndedTimer, FiredTimer, Timer, TimerKind, TimerOfKind, TimerStore } from './timer.store.js'

/** Runs in the transaction that removes the timer, with the timer's keys locked. An error leaves the timer for a retry. */
export type TimerHandler<D extends object = Record<string, unknown>> = (tx: Transaction, timer: FiredTimer<D>) => Promise<void>

/** Work outside a transaction. `finish` runs its effect in one; returns `false` and writes nothing if another worker took over. */
export type WorkHandler<D extends object = Record<string, unknown>> = (work: {
  timer: FiredTimer<D>
  finish: (effect: (tx: Transaction) => Promise<void>) => Promise<boolean>
  /** Runs a call that may hang. Meanwhile the runner fires another timer. The caller bounds the number of concurrent calls. */
  outside: <T>(call: () => Promise<T>) => Promise<T>
}) => Promise<void>

/** Settles a dead-lettered timer inside the service; without it, the service's stage reports the run as poisoned. */
export type SettleTimer<D extends object = Record<string, unknown>> = (
  tx: Transaction,
  timer: FiredTimer<D>,
  detail: string,
) => Promise<void>

/**
 * Handles a timer whose handler keeps failing; runs in the transaction that removes the timer, with the timer's keys locked. `fault`: error
 * of a first call; the second call should do only the minimum. `settle`: function registered for the timer's kind.
 */
export type GiveUpTimer = (
  tx: Transaction,
  timer: Timer,
  failure: { error: unknown; fault?: unknown; settle?: SettleTimer },
) => Promise<void>

const LEASE_MS = 10_000
const SWEEP_MS = 1_000
/** Maximum timers fired at a time. Calls made through `outside` do not count. */
const MAX_CONCURRENT = 8
/** Attempts of a failing handler; the last comes 16 s after the first. A fault of database or broker is retried without limit. */
const MAX_TRIES = 7
const RETRY_MS = 250
const MAX_RETRY_MS = 30_000

/**
 * Schedules and fires timers of one service. A timer is a row: it fires in this or another instance, also after a crash. Runs on `wake`,
 * when a timer is due, and every second as a safety net. Claims are leases: once expired, a dead instance's timers are claimed again.
 */
export class Timers {
  private readonly handlers = new Map<string, TimerHandler>()
  private readonly workers = new Map<string, { work: WorkHandler; leaseMs: number }>()
  private readonly sweeps = new PeriodicTask(this.clock, {
    everyMs: () => this.nextSweepMs,
    run: () => this.claimAndFire().then(() => this.failures.succeeded()),
    failed: (error) => this.failures.failed(error),
  })
  private readonly failures = new FailureStreak((inARow, _alarm, error) => {
    if (inARow > 0) this.log[inARow === 1 ? 'warn' : 'debug']({ error: describeError(error) }, 'timers could not be swept')
  })
  private nextSweepMs = SWEEP_MS
  /** Whether the next sweep was requested. A safety-net sweep usually finds nothing due, so it checks before it claims. */
  private isExpected = true
  private readonly running = new Set<Promise<void>>()
  private waitingOutside = 0
  private finishing = 0
  private giveUp: GiveUpTimer | undefined
  private readonly settlers = new Map<string, SettleTimer>()

  constructor(
    private readonly database: Database,
    readonly store: TimerStore,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  on<D extends object>(kind: TimerKind<D>, handler: TimerHandler<D>): void {
    this.handlers.set(kind, handler as unknown as TimerHandler)
  }

  /** Registers a work handler. The lease is renewed every third of `leaseMs` while the work runs. */
  onWork<D extends object>(kind: TimerKind<D>, work: WorkHandler<D>, leaseMs = 15_000): void {
    this.workers.set(kind, { work: work as unknown as WorkHandler, leaseMs })
  }

  get kinds(): string[] {
    return [...this.handlers.keys(), ...this.workers.keys()]
  }

  async schedule<D extends object>(tx: Transaction, timer: TimerOfKind<D>): Promise<void> {
    await this.store.schedule(tx, timer)
    tx.afterCommit(() => this.wake(timer.dueAt.getTime() - tx.now.getTime()))
  }

  async cancel(tx: Transaction, ...ids: string[]): Promise<void> {
    await this.store.cancel(tx, ...ids)
  }

  pending(tx: Transaction, idPrefix: string): Promise<Timer[]> {
    return this.store.pending(tx, idPrefix)
  }

  /** Registers the handler of failing timers of all kinds; without a handler they are retried for ever. */
  onGiveUp(giveUp: GiveUpTimer): void {
    this.giveUp = giveUp
  }

  /** Registers how dead-lettered timers of this kind are settled, in their transaction. By default the run in `data` is poisoned. */
  onGivenUp<D extends object>(kind: TimerKind<D>, settle: SettleTimer<D>): void {
    this.settlers.set(kind, settle as unknown as SettleTimer)
  }

  /** Re-executes a dead-lettered timer; returns `scheduled` if it is work, which a worker picks up. */
  async replay(tx: Transaction, timer: EndedTimer): Promise<'handled' | 'scheduled'> {
    const handler = this.handlers.get(timer.kind)
    if (handler !== undefined) {
      await handler(tx, { ...timer, dueAt: new Date(0), traceparent: null, leaseEpoch: 0, tries: 0, waits: 0 })
      return 'handled'
    }
    await this.store.schedule(tx, { ...timer, dueAt: tx.now })
    tx.afterCommit(() => this.wake())
    return 'scheduled'
  }

  start(): void {
    this.sweeps.start()
    this.wake()
  }

  /** Requests a sweep within `inMs` milliseconds; default: now, or after the running sweep. */
  wake(inMs = 0): void {
    this.isExpected = true
    this.sweeps.wake(inMs)
  }

  async stop(): Promise<void> {
    // A running sweep may still claim timers: these are fired and awaited; otherwise their lease would delay them after a restart.
    await this.sweeps.stop()
    await Promise.allSettled(this.running)
  }

  /** For tests on virtual time: whether no transaction is running. Calls made through `outside` do not count. */
  get idle(): boolean {
    return this.sweeps.idle && this.finishing === 0
  }

  private async claimAndFire(): Promise<void> {
    const { room, isExpected } = this
    this.nextSweepMs = SWEEP_MS
    this.isExpected = false
    if (room <= 0) return
    const { due, next } = await this.database.autocommit(async (tx) => {
      if (!isExpected) {
        const soonest = await this.store.nextDueInMs(tx)
        if (soonest === null || soonest > 0) return { due: [], next: soonest } // guard: sweep-that-looks
      }
      const claimed = await this.store.claimDue(tx, room, LEASE_MS)
      return { due: claimed, next: claimed.length === room ? null : await this.store.nextDueInMs(tx) }
    })
    for (const timer of due) this.track(inTrace(timer.traceparent, () => this.fire(timer), { name: `timer ${timer.kind}` }))
    if (due.length === room) this.wake()
    else if (next !== null && next < SWEEP_MS) {
      this.nextSweepMs = Math.max(next, 1)
      this.isExpected = true
    }
  }

  private get room(): number {
    return MAX_CONCURRENT - this.running.size + this.waitingOutside
  }

  private track(firing: Promise<void>): void {
    const tracked = firing.finally(() => {
      const wasFull = this.room <= 0
      this.running.delete(tracked)
      if (wasFull) this.wake()
    })
    this.running.add(tracked)
  }

  private async fire(timer: Timer): Promise<void> {
    try {
      const worker = this.workers.get(timer.kind)
      if (worker !== undefined) return await this.work(timer, worker)
      const handler = this.handlers.get(timer.kind)
      // A newer version of this service scheduled the timer, and will handle it.
      if (handler === undefined) throw new TransientError(`no handler for timers of kind ${timer.kind}`)
      await this.finish(timer, (tx) => handler(tx, timer))
    } catch (error) {
      await this.failed(timer, error)
    }
  }

  private async failed(timer: Timer, error: unknown): Promise<void> {
    const fields = { timer: timer.id, kind: timer.kind, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    const counter = isTransient(error) ? 'waits' : 'tries'
    if (counter === 'waits') this.log.warn(fields, 'a timer met a transient fault; retrying')
    else if (await this.giveUpIfExhausted(timer, error, fields)) return
    else this.log.error(fields, 'a timer failed; retrying')
    // The lease delays the next attempt by `delayMs`, in this and every other instance.
    const delayMs = Math.min(RETRY_MS * 2 ** Math.min(timer[counter], 10), MAX_RETRY_MS) // guard: timer-back-off
    await this.database.autocommit((tx) => this.store.failed(tx, timer, counter, delayMs)).catch(() => {})
    this.wake(delayMs)
  }

  /** Dead-letters a timer without attempts left. `false`: attempts remain, or dead-lettering failed; it is retried after a back-off. */
  private async giveUpIfExhausted(timer: Timer, error: unknown, fields: Record<string, unknown>): Promise<boolean> {
    const { giveUp } = this
    if (giveUp === undefined || (timer.tries + 1 < MAX_TRIES && !(error instanceof TerminalError))) return false
    const settle = this.settlers.get(timer.kind)
    const end = (fault?: unknown): Promise<unknown> =>
      this.finish(timer, (tx) => giveUp(tx, { ...timer, tries: timer.tries + 1 }, { error, fault, settle }))
    try {
      await end().catch((fault: unknown) => (isTransient(fault) ? Promise.reject(fault) : end(fault)))
      this.log.error(fields, 'a timer failed too often and was dead-lettered')
      return true
    } catch (fault) {
      this.log.error({ ...fields, fault: describeError(fault) }, 'a timer could not be dead-lettered; retrying')
      return false
    }
  }

  private async work(timer: Timer, { work, leaseMs }: { work: WorkHandler; leaseMs: number }): Promise<void> {
    const keepAlive = (): void => {
      cancel = this.clock.after(leaseMs / 3, () => {
        void this.database.autocommit((tx) => this.store.renew(tx, timer, leaseMs)).catch(() => {})
        keepAlive()
      })
    }
    let cancel = (): void => {}
    // If the lease cannot be renewed, another instance holds the timer by now, or it was cancelled or rescheduled.
    if (!(await this.database.autocommit((tx) => this.store.renew(tx, timer, leaseMs)))) return
    keepAlive()
    try {
      await work({ timer, finish: (effect) => this.finish(timer, effect), outside: (call) => this.outside(call) })
    } finally {
      cancel()
    }
  }

  private async outside<T>(call: () => Promise<T>): Promise<T> {
    const wasFull = this.room <= 0
    this.waitingOutside++
    if (wasFull) this.wake()
    try {
      return await call()
    } finally {
      this.waitingOutside--
    }
  }

  private async finish(timer: Timer, effect: (tx: Transaction) => Promise<void>): Promise<boolean> {
    this.finishing++
    try {
      const run = async (tx: Transaction, isTaken: boolean): Promise<boolean> => {
        if (isTaken) await effect(tx)
        return isTaken
      }
      return await this.database.locked(timer.keys, run, (tx) => this.store.take(tx, timer))
    } finally {
      this.finishing--
    }
  }
}
