import { HmsError } from './problem.js'

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Parses `250ms`, `90s`, `5m`, `1.5h`, `30d` or a number of ms; returns ms. Throws `HMS_DURATION_INVALID` (400) with `name` in it. */
export function parseDuration(input: string | number, name = 'duration'): number {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(String(input).trim()) ?? []
  const ms = typeof input === 'number' ? input : Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
  if (Number.isFinite(ms) && ms >= 0) return Math.round(ms)
  throw new HmsError('HMS_DURATION_INVALID', `${name} ${JSON.stringify(input)} is not a duration: write 250ms, 90s, 5m, 1h or 30d`, {
    status: 400,
  })
}

/** Formats a duration for `parseDuration`, in the largest unit that fits: `5m`, `90s`, `0s`. */
export function writtenDuration(ms: number): string {
  const unit = ms === 0 ? 's' : ['d', 'h', 'm', 's'].find((name) => ms % (UNIT_MS[name] ?? 1) === 0)
  return unit === undefined ? `${ms}ms` : `${ms / (UNIT_MS[unit] ?? 1)}${unit}`
}

/** Formats a duration, rounded to seconds: `11 min 42 sec`, `5 min`, `42 sec`. */
export function spokenDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} sec`
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} sec`
}

/** Formats the time left until a moment, in its two largest units: `3 days 4 h`, `2 h 5 min`, `1 min 23 sec`; never negative. */
export function spokenRemainder(ms: number): string {
  const minutes = Math.floor(Math.round(ms / 1000) / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (days > 0) return `${days} ${days === 1 ? 'day' : 'days'} ${hours % 24} h`
  return hours > 0 ? `${hours} h ${minutes % 60} min` : spokenDuration(ms)
}
