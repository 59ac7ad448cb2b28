import type { TimerOfKind, TimerStore, Transaction } from '#libs/persistence'
import { firstNumber, NUMBERING } from './numbering.table.js'

/** All rows of a table: a counter that was not advanced would assign numbers that readers have seen. */
export const ALL_COUNTERS = 1_000_000

/** Context for advancing a service's counters. */
export interface CounterAdvance {
  tx: Transaction
  by: number
  schedule<D extends object>(timer: TimerOfKind<D>): Promise<void>
}

/**
 * Advances each counter that readers remember far enough that no reader has seen its next number (ADR 0076). Returns whether the service
 * has such counters.
 */
export async function advanceCounters(
  move: ((ahead: CounterAdvance) => Promise<void>) | undefined,
  tx: Transaction,
  timers: TimerStore,
  by: number,
): Promise<boolean> {
  if (move === undefined) return false
  await tx.documents(NUMBERING).put({ id: 'numbering', from: (await firstNumber(tx)) + by })
  await move({ tx, by, schedule: (timer) => timers.schedule(tx, timer) })
  return true
}
