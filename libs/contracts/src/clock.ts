/** Reach of a release among the connected bots. Times are RFC 3339, or `null` if not reached. */
export interface Reach {
  bots: number
  /** Bots that apply the release, or that have received it if it takes effect later. */
  current: number
  /** When 50 %, 95 % and 100 % of the bots first had the release. */
  halfAt: string | null
  mostAt: string | null
  allAt: string | null
}

/** Target time in ms from the first signature of a release until its partners are notified. */
export const PARTNER_PROMISE_MS = 30 * 60 * 1000

/** Times of a run from its first accepted signature until all bots apply the release and all partners are notified. */
export interface RunClock {
  bots: number
  current: number
  partners: number
  told: number
  /** Partners notified within `PARTNER_PROMISE_MS`, and partners that acknowledged so far. */
  toldInTime: number
  acknowledged: number
  /** Seconds since the first signature; `null` if not reached, or there are no bots or partners. */
  seconds: { half: number | null; most: number | null; all: number | null; partners: number | null }
  /** Effective time (RFC 3339), if it was in the future; then `current` and `seconds` count bots that received the release beforehand. */
  effectiveAt?: string
}

/**
 * Returns the line below a run's result: `In force: 300 of 300 bots after 22 s; 6 of 6 partners told after 23 s`. With an effective time:
 * `Held: 300 of 300 bots after 4 s, in force from 2027-01-01T00:00:00Z; …`. `held`: the run still waits for its effective time.
 */
export function describeClock(clock: RunClock, held = false): string {
  const { bots, current, seconds, effectiveAt } = clock
  const reached = bots === 0 ? 'no bot connected' : `${current} of ${bots} bots${describeShare(seconds)}`
  const from = effectiveAt === undefined ? '' : `, in force from ${effectiveAt}`
  return `${held || effectiveAt !== undefined ? 'Held' : 'In force'}: ${reached}${from}${describePartners(clock)}`
}

/** Describes the notified partners; adds the number notified in time if some were notified late. */
function describePartners({ partners, told: notified, toldInTime, acknowledged, seconds }: RunClock): string {
  if (partners === 0) return ''
  const late = notified > toldInTime ? `, ${toldInTime} within ${PARTNER_PROMISE_MS / 60_000} min` : ''
  const confirmed = acknowledged > 0 ? `; ${acknowledged} of ${partners} acknowledged` : ''
  return `; ${notified} of ${partners} partners told${after(seconds.partners)}${late}${confirmed}`
}

/** Returns the time at which the largest share reached so far (50 %, 95 % or all) had the release. */
function describeShare({ half, most, all }: RunClock['seconds']): string {
  if (all !== null) return after(all)
  if (most !== null) return `, 95 %${after(most)}`
  return half === null ? '' : `, 50 %${after(half)}`
}

function after(seconds: number | null): string {
  if (seconds === null) return ''
  const whole = Math.max(0, Math.round(seconds))
  return whole < 60 ? ` after ${whole} s` : ` after ${Math.floor(whole / 60)} min ${whole % 60} s`
}
