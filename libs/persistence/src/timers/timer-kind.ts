import type { Timer } from './timer.store.js'

declare const carries: unique symbol

/** Name of a timer kind; its type parameter defines the data, so that scheduler and handler agree. */
export type TimerKind<D extends object = Record<string, unknown>> = string & { readonly [carries]?: D }

/** Declares a timer kind. `D` is plain JSON; a kind without data needs none. */
export function timerKind<D extends object = Record<string, never>>(name: string): TimerKind<D> {
  return name as TimerKind<D>
}

/** A timer of one kind, to be scheduled. */
export interface TimerOfKind<D extends object> {
  id: string
  kind: TimerKind<D>
  keys: readonly string[]
  data: NoInfer<D>
  dueAt: Date
}

/** A timer of one kind, as passed to its handler. */
export type FiredTimer<D extends object> = Timer & { data: D }
