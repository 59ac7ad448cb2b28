import type { TimerOfKind, TimerStore, Transaction } from '#libs/persistence'
import { firstNumber, NUMBERING } from './numbering.table.js'

/** All rows of a table: a counter that stayed behind would give out numbers that readers have seen. */
export const ALL_COUNTERS = 1_000_000

/** What a service moves its numbers ahead with. */
export interface MoveAhead {
  tx: Transaction
  by: number
  schedule<D extends object>(timer: TimerOfKind<D>): Promise<void>
}

/**
 * Moves each number that readers remember so far ahead that none of them has seen the next one (ADR 0076). Answers whether the service has
 * such numbers.
 */
export async function moveAhead(
  move: ((ahead: MoveAhead) => Promise<void>) | undefined,
  tx: Transaction,
  timers: TimerStore,
  by: number,
): Promise<boolean> {
  if (move === undefined) return false
  await tx.documents(NUMBERING).put({ id: 'numbering', from: (await firstNumber(tx)) + by })
  await move({ tx, by, schedule: (timer) => timers.schedule(tx, timer) })
  return true
}
