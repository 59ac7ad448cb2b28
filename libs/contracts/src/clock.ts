/** How far a release has come among the bots that are connected. Times are RFC 3339; `null`: not yet. */
export interface Reach {
  bots: number
  /** Of these, how many live under it, or hold it where it takes effect later. */
  current: number
  /** When 50 %, 95 % and all of them did first. */
  halfAt: string | null
  mostAt: string | null
  allAt: string | null
}

/** Partners are promised to hear of a rule this soon after its first signature. */
export const PARTNER_PROMISE_MS = 30 * 60 * 1000

/** What an official waits for: from the first accepted signature until everybody lives under the rule and has been told. */
export interface RunClock {
  bots: number
  current: number
  partners: number
  told: number
  /** Of those told, how many were within `PARTNER_PROMISE_MS`; of all, how many acknowledged so far. */
  toldInTime: number
  acknowledged: number
  /** Since the first signature; `null`: not yet, or there is nobody. */
  seconds: { half: number | null; most: number | null; all: number | null; partners: number | null }
  /** Time at which a rule that readers held beforehand takes effect, RFC 3339. Its bots were counted by what they hold. */
  effectiveAt?: string
}

/**
 * The line under the closing line of a run: `In force: 300 of 300 bots after 22 s; 6 of 6 partners told after 23 s`. Of a rule that readers
 * held beforehand: `Held: 300 of 300 bots after 4 s, in force from 2027-01-01T00:00:00Z; …`. `held`: its time has not come.
 */
export function describeClock(clock: RunClock, held = false): string {
  const { bots, current, seconds, effectiveAt } = clock
  const reached = bots === 0 ? 'no bot connected' : `${current} of ${bots} bots${describeShare(seconds)}`
  const from = effectiveAt === undefined ? '' : `, in force from ${effectiveAt}`
  return `${held || effectiveAt !== undefined ? 'Held' : 'In force'}: ${reached}${from}${describePartners(clock)}`
}

/** The share that was told in time stands there where it is another than the share that was told. */
function describePartners({ partners, told, toldInTime, acknowledged, seconds }: RunClock): string {
  if (partners === 0) return ''
  const late = told > toldInTime ? `, ${toldInTime} within ${PARTNER_PROMISE_MS / 60_000} min` : ''
  const heard = acknowledged > 0 ? `; ${acknowledged} of ${partners} acknowledged` : ''
  return `; ${told} of ${partners} partners told${after(seconds.partners)}${late}${heard}`
}

/** While not all have it, how soon the largest share did. */
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
