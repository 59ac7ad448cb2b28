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

/** What an official waits for: from the first accepted signature until everybody lives under the rule and has been told. */
export interface RunClock {
  bots: number
  current: number
  partners: number
  told: number
  /** Since the first signature; `null`: not yet, or there is nobody. */
  seconds: { half: number | null; most: number | null; all: number | null; partners: number | null }
}

/** The line under the closing line of a run: `In force: 300 of 300 bots after 22 s; 6 of 6 partners told after 23 s`. */
export function describeClock({ bots, current, partners, told, seconds }: RunClock, held = false): string {
  const reached = bots === 0 ? 'no bot connected' : `${current} of ${bots} bots${describeShare(seconds)}`
  const informed = partners === 0 ? '' : `; ${told} of ${partners} partners told${after(seconds.partners)}`
  return `${held ? 'Held' : 'In force'}: ${reached}${informed}`
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
