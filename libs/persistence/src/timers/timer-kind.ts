import type { Timer } from './timer.store.js'

declare const carries: unique symbol

/** The name of a kind of timers; its type says which data they carry, so that who schedules one and its handler agree. */
export type TimerKind<D extends object = Record<string, unknown>> = string & { readonly [carries]?: D }

/** `D`: plain JSON. A kind that carries nothing needs none. */
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

/** A timer of one kind, as its handler gets it. */
export type FiredTimer<D extends object> = Timer & { data: D }
