import type { Acknowledgements } from './silence.js'

/** How many bots were expected and silent from `at` (RFC 3339) on. */
export interface BotCount {
  at: string
  expected: number
  silent: number
}

export interface Deadline {
  now: Date
  /** How long a bot may take to acknowledge. */
  acknowledgeMs: number
}

type Numbers = Pick<Acknowledgements, 'expected' | 'acknowledged'>

/** Of one policy. A fleet that changes more often counts with the larger of two counts. */
const MAX_COUNTS = 64

/** The counts with that of now; those too old for `lateJoiners` are left out. */
export function withCountOf(counts: readonly BotCount[], numbers: Numbers, { now, acknowledgeMs }: Deadline): BotCount[] {
  const [expected, silent] = [numbers.expected, silentOf(numbers)]
  const at = now.toISOString()
  const before = counts.filter((count) => count.at !== at)
  const last = before.at(-1)
  const all = last?.expected === expected && last.silent === silent ? before : [...before, { at, expected, silent }]
  const first = all.findLastIndex((count) => Date.parse(count.at) <= now.getTime() - 2 * acknowledgeMs)
  const kept = all.slice(Math.max(0, first))
  if (kept.length <= MAX_COUNTS) return kept
  const [one, other, ...rest] = kept
  return [{ at: one!.at, expected: Math.max(one!.expected, other!.expected), silent: Math.max(one!.silent, other!.silent) }, ...rest]
}

/**
 * How many of the silent bots joined so lately that they still have time to acknowledge: no verdict counts them. None where they are the
 * larger part. A bot that leaves and comes back is no joiner: the fleet was as large before.
 */
export function lateJoiners(counts: readonly BotCount[], numbers: Numbers, { now, acknowledgeMs }: Deadline): number {
  const cutoff = now.getTime() - acknowledgeMs
  const before = within(counts, cutoff - acknowledgeMs, cutoff)
  const since = within(counts, cutoff, now.getTime())
  // The first count is that of the bots that the heads were issued for.
  const established = Math.max(0, ...(before.length === 0 ? counts.slice(0, 1) : before).map(({ expected }) => expected))
  const alwaysSilent = Math.min(silentOf(numbers), ...since.map(({ silent }) => silent))
  return withinFleet(silentOf(numbers) - alwaysSilent, numbers, established)
}

/** Of silent bots that joined lately, those by which the fleet grew; none where they are its larger part. */
export function withinFleet(joined: number, numbers: Numbers, established: number): number {
  const late = Math.min(numbers.expected - established, silentOf(numbers), joined)
  return late > 0 && 2 * late <= numbers.expected ? late : 0
}

/** The counts that held at some time between these two. */
function within(counts: readonly BotCount[], from: number, to: number): BotCount[] {
  return counts.filter(({ at }, index) => {
    const next = counts[index + 1]
    return Date.parse(at) <= to && (next === undefined || Date.parse(next.at) > from)
  })
}

function silentOf({ expected, acknowledged }: Numbers): number {
  return Math.max(0, expected - acknowledged)
}
