import type { Acknowledgements } from './silence.js'

/** Numbers of expected and silent bots from `at` (RFC 3339) until the next count. */
export interface BotCount {
  at: string
  expected: number
  silent: number
}

export interface Deadline {
  now: Date
  /** Time in ms that a bot has to acknowledge. */
  acknowledgeMs: number
}

type Numbers = Pick<Acknowledgements, 'expected' | 'acknowledged'>

/** Maximum counts per policy. Above it, the two oldest counts are merged into their maximum. */
const MAX_COUNTS = 64

/** Adds the current count, and drops counts that are too old for `lateJoiners`. */
export function addCount(counts: readonly BotCount[], numbers: Numbers, { now, acknowledgeMs }: Deadline): BotCount[] {
  const [expected, silent] = [numbers.expected, silentOf(numbers)]
  const at = now.toISOString()
  const before = counts.filter((count) => count.at !== at)
  const last = before.at(-1)
  const all = last?.expected === expected && last.silent === silent ? before : [...before, { at, expected, silent }]
  const first = all.findLastIndex((count) => Date.parse(count.at) <= now.getTime() - 2 * acknowledgeMs)
  const kept = all.slice(Math.max(0, first))
  if (kept.length <= MAX_COUNTS) return kept
  const [oldest, next, ...rest] = kept
  return [{ at: oldest!.at, expected: Math.max(oldest!.expected, next!.expected), silent: Math.max(oldest!.silent, next!.silent) }, ...rest]
}

/**
 * Returns the number of late joiners: silent bots that joined within the last `acknowledgeMs` and so still have time to acknowledge.
 * Verdicts ignore them, unless they are the majority of the fleet (then 0). Reconnecting bots are not counted: the fleet did not grow.
 */
export function lateJoiners(counts: readonly BotCount[], numbers: Numbers, { now, acknowledgeMs }: Deadline): number {
  const cutoff = now.getTime() - acknowledgeMs
  const before = countsWithin(counts, cutoff - acknowledgeMs, cutoff)
  const since = countsWithin(counts, cutoff, now.getTime())
  // Without earlier counts, the first one is the size of the fleet when the heads were issued.
  const established = Math.max(0, ...(before.length === 0 ? counts.slice(0, 1) : before).map(({ expected }) => expected))
  const alwaysSilent = Math.min(silentOf(numbers), ...since.map(({ silent }) => silent))
  return withinFleet(silentOf(numbers) - alwaysSilent, numbers, established)
}

/** Returns how many of the `joinedSilent` bots exceed the `established` size of the fleet; 0 if they are the majority of the fleet. */
export function withinFleet(joinedSilent: number, numbers: Numbers, established: number): number {
  const late = Math.min(numbers.expected - established, silentOf(numbers), joinedSilent)
  return late > 0 && 2 * late <= numbers.expected ? late : 0
}

/** Returns the counts that were valid at any time between `from` and `to` (epoch ms). */
function countsWithin(counts: readonly BotCount[], from: number, to: number): BotCount[] {
  return counts.filter(({ at }, index) => {
    const next = counts[index + 1]
    return Date.parse(at) <= to && (next === undefined || Date.parse(next.at) > from)
  })
}

function silentOf({ expected, acknowledged }: Numbers): number {
  return Math.max(0, expected - acknowledged)
}
