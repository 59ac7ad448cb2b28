import { describeError, inTrace, isTransient, Repeat, TerminalError, TransientError, type Clock, type Logger } from '#libs/platform'
import type { Database, Transaction } from '../database.js'
import type { FiredTimer, TimerKind } from './timer-kind.js'
import type { NewTimer, Timer, TimerStore } from './timer.store.js'

/** Runs in the transaction that removes the timer, with the timer's keys locked. A throw leaves the timer for a later try. */
export type TimerHandler<D extends object = Record<string, unknown>> = (tx: Transaction, timer: FiredTimer<D>) => Promise<void>

/**
 * Work that a transaction must not hold open (a replay, a webhook). `finish` runs its effect in one transaction, guarded by the lease:
 * it answers `false`, and nothing is written, when another holder took over meanwhile.
 */
export type WorkHandler<D extends object = Record<string, unknown>> = (work: {
  timer: FiredTimer<D>
  finish: (effect: (tx: Transaction) => Promise<void>) => Promise<boolean>
  /** Waits for a server that may hang: meanwhile the runner fires others in its place. The caller bounds how many wait at a time. */
  outside: <T>(call: () => Promise<T>) => Promise<T>
}) => Promise<void>

/**
 * What becomes of a timer whose handler goes on failing: runs in the transaction that removes it, with its keys locked. `fault`: why that
 * itself failed; then it is called once more, to do the least it can.
 */
export type GiveUpTimer = (tx: Transaction, timer: Timer, error: unknown, fault?: unknown) => Promise<void>

const LEASE_MS = 10_000
const SWEEP_MS = 1_000
/** Work that waits outside does not count. */
const MAX_CONCURRENT = 8
/** The last try comes 16 s after the first. A fault of database or broker is waited out without an end. */
const MAX_TRIES = 7
const RETRY_MS = 250
const MOST_RETRY_MS = 30_000

/**
 * Fires due timers of one service. It wakes when told (`wake`), when the next timer falls due, and every second as safety net.
 * Any number of instances may run: claims are leases, and what falls to a dead holder is claimed again.
 */
export class TimerRunner {
  private readonly handlers = new Map<string, TimerHandler>()
  private readonly workers = new Map<string, { work: WorkHandler; leaseMs: number }>()
  private readonly sweeps: Repeat
  private nextSweepMs = SWEEP_MS
  /** Whether the next sweep was asked for. The safety net mostly finds nothing due: it looks before it claims. */
  private isExpected = true
  private readonly running = new Set<Promise<void>>()
  private waitingOutside = 0
  private finishing = 0
  private giveUp: GiveUpTimer | undefined

  constructor(
    private readonly database: Database,
    readonly store: TimerStore,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.sweeps = new Repeat(clock, {
      everyMs: () => this.nextSweepMs,
      run: () => this.claimAndFire(),
      failed: (error) => log.warn({ error: describeError(error) }, 'timers could not be swept'),
    })
  }

  on<D extends object>(kind: TimerKind<D>, handler: TimerHandler<D>): void {
    this.handlers.set(kind, handler as unknown as TimerHandler)
  }

  /** `leaseMs` is prolonged by thirds while the work goes on. */
  onWork<D extends object>(kind: TimerKind<D>, work: WorkHandler<D>, leaseMs = 15_000): void {
    this.workers.set(kind, { work: work as unknown as WorkHandler, leaseMs })
  }

  /** Without it a failing timer is tried for ever. */
  onGivenUp(giveUp: GiveUpTimer): void {
    this.giveUp = giveUp
  }

  /** Does what a timer that was given up was for; `scheduled` when that is work, which a worker takes up. */
  async replay(tx: Transaction, timer: NewTimer & Pick<Timer, 'keys' | 'data'>): Promise<'handled' | 'scheduled'> {
    const handler = this.handlers.get(timer.kind)
    if (handler !== undefined) {
      await handler(tx, { ...timer, traceparent: null, leaseEpoch: 0, tries: 0, waits: 0 })
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

  /** Sweeps within so many milliseconds: now without, or once more when a sweep is under way. */
  wake(inMs = 0): void {
    this.isExpected = true
    this.sweeps.wake(inMs)
  }

  async stop(): Promise<void> {
    // A sweep under way may still claim: what it claims is fired and waited for, or its lease would hold it back after a restart.
    await this.sweeps.stop()
    await Promise.allSettled(this.running)
  }

  /** For tests on virtual time: whether no transaction is under way. Work that waits for the world outside does not count. */
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
        if (soonest === null || soonest > 0) return { due: [], next: soonest }
      }
      const claimed = await this.store.claimDue(tx, room, LEASE_MS)
      return { due: claimed, next: claimed.length > 0 ? null : await this.store.nextDueInMs(tx) }
    })
    for (const timer of due) this.track(inTrace(timer.traceparent, () => this.fire(timer), `timer ${timer.kind}`))
    if (due.length > 0) this.wake()
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
      this.running.delete(tracked)
      this.wake()
    })
    this.running.add(tracked)
  }

  private async fire(timer: Timer): Promise<void> {
    try {
      const worker = this.workers.get(timer.kind)
      if (worker !== undefined) return await this.work(timer, worker)
      const handler = this.handlers.get(timer.kind)
      // A newer version of this service scheduled it, and will take it.
      if (handler === undefined) throw new TransientError(`no handler for timers of kind ${timer.kind}`)
      await this.finish(timer, (tx) => handler(tx, timer))
    } catch (error) {
      await this.failed(timer, error)
    }
  }

  private async failed(timer: Timer, error: unknown): Promise<void> {
    const fields = { timer: timer.id, kind: timer.kind, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    const counter = isTransient(error) ? 'waits' : 'tries'
    if (counter === 'waits') this.log.warn(fields, 'a timer met a transient fault and will fire again')
    else if (await this.givenUp(timer, error, fields)) return
    else this.log.error(fields, 'a timer failed and will fire again')
    // The lease holds it back until then, in this and every other instance.
    const delayMs = Math.min(RETRY_MS * 2 ** Math.min(timer[counter], 10), MOST_RETRY_MS)
    await this.database.transaction((tx) => this.store.failed(tx, timer, counter, delayMs)).catch(() => {})
  }

  /** `false` while it has tries left, and where what should end it failed too: then it backs off and comes here again. */
  private async givenUp(timer: Timer, error: unknown, fields: Record<string, unknown>): Promise<boolean> {
    const { giveUp } = this
    if (giveUp === undefined || (timer.tries + 1 < MAX_TRIES && !(error instanceof TerminalError))) return false
    const end = (fault?: unknown): Promise<unknown> =>
      this.finish(timer, (tx) => giveUp(tx, { ...timer, tries: timer.tries + 1 }, error, fault))
    try {
      await end().catch((fault: unknown) => (isTransient(fault) ? Promise.reject(fault) : end(fault)))
      this.log.error(fields, 'a timer failed too often and was given up')
      return true
    } catch (fault) {
      this.log.error({ ...fields, fault: describeError(fault) }, 'a timer could not be given up')
      return false
    }
  }

  private async work(timer: Timer, { work, leaseMs }: { work: WorkHandler; leaseMs: number }): Promise<void> {
    const keepAlive = (): void => {
      cancel = this.clock.after(leaseMs / 3, () => {
        void this.database.transaction((tx) => this.store.renew(tx, timer, leaseMs)).catch(() => {})
        keepAlive()
      })
    }
    let cancel = (): void => {}
    // Another instance has it by now, and may have booked it for later.
    if (!(await this.database.transaction((tx) => this.store.renew(tx, timer, leaseMs)))) return
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
      return await this.database.locked(timer.keys, async (tx) => {
        if (!(await this.store.take(tx, timer))) return false
        await effect(tx)
        return true
      })
    } finally {
      this.finishing--
    }
  }
}
