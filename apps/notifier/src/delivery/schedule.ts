import { createHash } from 'node:crypto'
import type { Outcome } from '../channels/channel-sender.js'

const SECOND = 1000
const HOUR = 3600 * SECOND
/**
 * The 24-hour schedule: attempts at 0 s, 5 s, 30 s, 2 m, 5 m, 15 m, 30 m, 1 h, 2 h, 4 h, 7 h, 11 h, 16 h, 21 h and 24 h after the first.
 * The first seven are within the promised 30 minutes.
 */
export const ATTEMPT_OFFSETS_MS: readonly number[] = [
  ...[0, 5, 30, 120, 300, 900, 1800].map((seconds) => seconds * SECOND),
  ...[1, 2, 4, 7, 11, 16, 21, 24].map((hours) => hours * HOUR),
]
export const MAX_ATTEMPTS = ATTEMPT_OFFSETS_MS.length
export const HORIZON_MS = 24 * HOUR
export const JITTER = 0.2
/** Minimum wait for a partner that is slow or throttles. */
export const MIN_THROTTLED_WAIT_MS = 60 * SECOND
/** Upper bound on the delay a partner can request. */
export const MAX_RETRY_AFTER_MS = HOUR

export type EndedAttempt = {
  firstAt: Date
  endedAt: Date
  /** Number of the attempt, from 1. */
  attempt: number
  outcome: Pick<Outcome, 'status' | 'timedOut'> & { kind: Exclude<Outcome['kind'], 'delivered'> }
  retryAfterMs?: number
  /** Id of the delivery: the same attempt of the same delivery always gets the same jitter. */
  seed: string
}

/**
 * Returns the time of the next attempt. `dead`: the 24 hours or the attempts are used up. `disabled`: the partner returned 410. Gaps count
 * from the end of the last attempt, so a worker that was down does not make all missed attempts at once.
 */
export function nextAttemptAt({ firstAt, endedAt, attempt, outcome, retryAfterMs = 0, seed }: EndedAttempt): Date | 'dead' | 'disabled' {
  if (outcome.kind === 'gone') return 'disabled'
  const horizon = firstAt.getTime() + HORIZON_MS
  if (attempt >= MAX_ATTEMPTS || endedAt.getTime() >= horizon) return 'dead'
  if (attempt === MAX_ATTEMPTS - 1) return new Date(horizon)
  const throttled = outcome.timedOut === true || outcome.status === 429
  const waitMs = Math.max(gapAfter(attempt, seed), throttled ? MIN_THROTTLED_WAIT_MS : 0, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS))
  return new Date(Math.min(endedAt.getTime() + waitMs, horizon))
}

/**
 * Returns the gap in ms after an attempt. The sign of the jitter alternates, and the seed determines the first sign. Each gap varies by up
 * to ±20 %, but the sum by at most 2 h 21 min, so it cannot use up the 3 h before the last attempt.
 */
function gapAfter(attempt: number, seed: string): number {
  const gap = (ATTEMPT_OFFSETS_MS[attempt] ?? HORIZON_MS) - (ATTEMPT_OFFSETS_MS[attempt - 1] ?? 0)
  const sign = (fraction(seed) < 0.5 ? 1 : -1) * (-1) ** attempt
  return Math.round(gap * (1 + sign * JITTER * fraction(`${seed}:${attempt}`)))
}

/** Maps a text evenly to [0, 1). */
const fraction = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32
