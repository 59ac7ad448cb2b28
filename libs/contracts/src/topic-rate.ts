/** Number of minutes averaged, because a single one fluctuates. */
const RATE_OF_MINUTES = 5

/** Returns events per minute for display: the mean of the newest counts. `perMinute` is sorted, oldest first. */
export function eventsAMinute(perMinute: readonly number[]): string {
  const last = perMinute.slice(-RATE_OF_MINUTES)
  const rate = last.reduce((sum, events) => sum + events, 0) / Math.max(1, last.length)
  return rate === 0 ? '0' : rate < 10 ? rate.toFixed(1) : String(Math.round(rate))
}
