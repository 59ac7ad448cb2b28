import { action, HmsError } from '#libs/contracts'
import { documentTable, type TimerOfKind, type TimerStore, type Transaction } from '#libs/persistence'

/** Start of new counters: readers may have seen earlier numbers before this database was restored from a backup. */
export interface Numbering {
  id: 'numbering'
  from: number
}

export const NUMBERING = documentTable<Numbering>({ name: 'numbering', id: ({ id }) => id, keys: {} })

/** Returns the initial value of a new counter; 0 in a database that was never restored. */
export async function firstNumber(tx: Transaction): Promise<number> {
  return (await tx.documents(NUMBERING).get('numbering'))?.from ?? 0
}

/** Largest step from a number to the next; no `recover` reaches it. A number up to it is right whatever the one before it is. */
export const MAX_STEP = 2 ** 31

/**
 * Throws 422 `HMS_NUMBER_AHEAD` for a number more than `MAX_STEP` above the one before it. Readers remember the highest number for good:
 * after one at the end of all numbers, no later head or release of the policy would have a number left.
 */
export function requireSmallStep(what: string, before: number | undefined, number: number): void {
  if (number - (before ?? 0) <= MAX_STEP) return
  const detail = `The number of ${what} is ${number}, and the one before it ${before ?? 'missing'}: a counter was changed in a database.`
  throw new HmsError('HMS_NUMBER_AHEAD', detail, { status: 422, next: [action('doctor')] })
}

/** Query limit that covers all rows of a table: a counter that was not advanced would assign numbers that readers have seen. */
export const ALL_COUNTERS = 1_000_000

export interface CounterAdvance {
  tx: Transaction
  by: number
  schedule<D extends object>(timer: TimerOfKind<D>): Promise<void>
}

/** Advances counters that readers remember beyond any number they have seen (ADR 0076). Returns whether the service has any. */
export async function advanceCounters(
  advance: ((context: CounterAdvance) => Promise<void>) | undefined,
  tx: Transaction,
  timers: TimerStore,
  by: number,
): Promise<boolean> {
  if (advance === undefined) return false
  await tx.documents(NUMBERING).put({ id: 'numbering', from: (await firstNumber(tx)) + by })
  await advance({ tx, by, schedule: (timer) => timers.schedule(tx, timer) })
  return true
}
