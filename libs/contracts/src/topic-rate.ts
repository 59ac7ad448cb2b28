/** The rate is the mean of these minutes: one alone jumps. */
const RATE_OF_MINUTES = 5

/** Events a minute, for people: the mean of the newest of these counts, the oldest of which comes first. */
export function eventsAMinute(perMinute: readonly number[]): string {
  const last = perMinute.slice(-RATE_OF_MINUTES)
  const rate = last.reduce((sum, events) => sum + events, 0) / Math.max(1, last.length)
  return rate === 0 ? '0' : rate < 10 ? rate.toFixed(1) : String(Math.round(rate))
}
