import type { Transaction } from '../database.js'

/** A wait stored as a row, due by the database's clock. A claim is a lease: `leaseEpoch` proves that a worker still holds it. */
export interface Timer {
  /** Unique per wait; scheduling the same id again reschedules it. */
  id: string
  /** Selects the handler, for example `canary.observed`. */
  kind: string
  /** Aggregate keys that the handler locks, sorted. */
  keys: string[]
  data: Record<string, unknown>
  dueAt: Date
  traceparent: string | null
  /** Number of the last scheduling or claim, from one counter per service, so that no two share a number. */
  leaseEpoch: number
  /** Failures of the handler so far. */
  tries: number
  /** Transient faults so far that are not the handler's: the database or the broker was unavailable. */
  waits: number
}

export interface NewTimer extends Pick<Timer, 'id' | 'kind' | 'dueAt'> {
  keys: readonly string[]
  data?: object
}

/** A dead-lettered timer, to be re-executed. */
export type EndedTimer = Pick<Timer, 'id' | 'kind' | 'keys' | 'data'>

/** Stores timers. Adapters: PostgreSQL (`FOR UPDATE SKIP LOCKED`) and memory. */
export interface TimerStore {
  schedule(tx: Transaction, timer: NewTimer): Promise<void>
  cancel(tx: Transaction, ...ids: string[]): Promise<void>
  /** Claims up to `limit` due timers for `leaseMs`; other instances skip them until the lease expires. */
  claimDue(tx: Transaction, limit: number, leaseMs: number): Promise<Timer[]>
  /** Removes a claimed timer; returns `false` if it was cancelled, rescheduled, or claimed by another worker since. */
  take(tx: Transaction, timer: Timer): Promise<boolean>
  /** Renews the lease of a claimed timer; returns `false` if the lease is no longer held. */
  renew(tx: Transaction, timer: Timer, leaseMs: number): Promise<boolean>
  /** Delays a claimed timer by `delayMs` after its handler failed (`tries`) or met a transient fault (`waits`), and raises that counter. */
  failed(tx: Transaction, timer: Timer, counter: 'tries' | 'waits', delayMs: number): Promise<boolean>
  /** Returns the milliseconds of the database's clock until the next timer is due or its lease expires; `null` without timers. */
  nextDueInMs(tx: Transaction): Promise<number | null>
  pending(tx: Transaction, idPrefix: string): Promise<Timer[]>
}

declare const carries: unique symbol

/** Name of a timer kind; its type parameter defines the data, so that scheduler and handler agree. */
export type TimerKind<D extends object = Record<string, unknown>> = string & { readonly [carries]?: D }

/** Declares a timer kind. `D` is plain JSON; a kind without data needs none. */
export function timerKind<D extends object = Record<string, never>>(name: string): TimerKind<D> {
  return name as TimerKind<D>
}

export interface TimerOfKind<D extends object> extends NewTimer {
  kind: TimerKind<D>
  data: NoInfer<D>
}

/** A timer of one kind, as passed to its handler. */
export type FiredTimer<D extends object> = Timer & { data: D }
