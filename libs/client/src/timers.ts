/** Maximum of `setTimeout`; above it, the callback fires immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Converts a caller's wait for a timer; the maximum is about 24 days. Throws `RangeError` for an invalid duration. */
export function timerMs(ms: number): number {
  if (Number.isNaN(ms) || ms < 0) throw new RangeError(`${ms} is no time to wait`)
  return Math.min(ms, MAX_TIMER_MS)
}
