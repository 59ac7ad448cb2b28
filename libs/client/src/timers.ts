/** What `setTimeout` takes; above it, it calls back at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A wait that a caller gave, as a timer takes it: the longest one is some 24 days. Throws `RangeError` for what is no time to wait. */
export function timerMs(ms: number): number {
  if (Number.isNaN(ms) || ms < 0) throw new RangeError(`${ms} is no time to wait`)
  return Math.min(ms, MAX_TIMER_MS)
}
