import { spokenDuration } from '#libs/contracts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** How long until a time, as people say it: `6 days 23 h`, `3 h 20 min`, `4 min 10 sec`. */
export function timeLeft(until: string, now: Date): string {
  const ms = Math.max(0, Date.parse(until) - now.getTime())
  if (ms >= DAY_MS) return `${Math.floor(ms / DAY_MS)} days ${Math.floor((ms % DAY_MS) / HOUR_MS)} h`
  if (ms >= HOUR_MS) return `${Math.floor(ms / HOUR_MS)} h ${Math.floor((ms % HOUR_MS) / 60_000)} min`
  return spokenDuration(ms)
}
