import type { Transaction } from '../database.js'

/**
 * A wait as a row: a deadline, the end of an observation, work to be done outside a transaction. Due by the database's clock.
 * A due timer is claimed with a lease: the worker that finishes it proves with `leaseEpoch` that it still holds it.
 */
export interface Timer {
  /** Unique per wait; scheduling the same id again moves it. */
  id: string
  /** Names the handler, for instance `canary.observed`. */
  kind: string
  /** Aggregate keys that the handler locks, sorted. */
  keys: string[]
  data: Record<string, unknown>
  dueAt: Date
  /** The trace in which it was scheduled. */
  traceparent: string | null
  /** From one counter per service, so that no two claims ever share a number. */
  leaseEpoch: number
  /** Failures of its handler so far. */
  tries: number
  /** Faults so far that were not its handler's: the database or the broker was away. */
  waits: number
}

export interface NewTimer {
  id: string
  kind: string
  keys: readonly string[]
  data?: object
  dueAt: Date
}

/** Twins: PostgreSQL (`FOR UPDATE SKIP LOCKED`) and memory. */
export interface TimerStore {
  schedule(tx: Transaction, timer: NewTimer): Promise<void>
  cancel(tx: Transaction, ...ids: string[]): Promise<void>
  /** Claims up to `limit` due timers for `leaseMs`; others skip them until the lease is over. */
  claimDue(tx: Transaction, limit: number, leaseMs: number): Promise<Timer[]>
  /** Removes a claimed timer; `false` when it was cancelled, moved, or claimed by another since. */
  take(tx: Transaction, timer: Timer): Promise<boolean>
  /** Prolongs the lease of a claimed timer; `false` when it is no longer held. */
  renew(tx: Transaction, timer: Timer, leaseMs: number): Promise<boolean>
  /** Holds a claimed timer back for `delayMs` after its handler failed (`tries`) or met a transient fault (`waits`), and counts that. */
  failed(tx: Transaction, timer: Timer, counter: 'tries' | 'waits', delayMs: number): Promise<boolean>
  /** In how many milliseconds of the database's clock the next timer falls due or its lease ends; `null` without any. */
  nextDueInMs(tx: Transaction): Promise<number | null>
  pending(tx: Transaction, idPrefix: string): Promise<Timer[]>
}
