import { HmsError } from './problem.js'

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Milliseconds of `250ms`, `90s`, `5m`, `1.5h`, `30d`; a number is milliseconds already. `name` is what the error calls it.
 * Throws `HMS_DURATION_INVALID` (400).
 */
export function parseDuration(input: string | number, name = 'duration'): number {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(String(input).trim()) ?? []
  const ms = typeof input === 'number' ? input : Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
  if (Number.isFinite(ms) && ms >= 0) return Math.round(ms)
  throw new HmsError('HMS_DURATION_INVALID', `${name} ${JSON.stringify(input)} is not a duration: write 250ms, 90s, 5m, 1h or 30d`, {
    status: 400,
  })
}
