import type { CoverageReport, PublishedHead } from '#libs/contracts'
import { isLive, MAX_COUNTED, type Canary } from './canary.js'
import { ALL_REGIONS } from '#libs/policy'
import type { CanaryWatch, ScopeBots, WatchRules } from './canary-watch.js'
import { headsOf, type ScopedMember } from './members.js'

/** Unexplained alert of a connected bot. `once`: deduplication key, identical for repeated alerts of one bot on one reading. */
export interface WatchedAlert {
  bot: string
  once: string
  receivedAt: string
  arm: 'cohort' | 'control'
}

const NO_PAIRED_EXPOSURE = { cohortMs: 0, controlMs: 0, cohortEvents: 0, controlEvents: 0, leastShare: 1, mostShare: 0 }

/** Updates the bot counts from the audiences of newly stored heads. Each lease renewal stores heads, and so refreshes the counts. */
export function withHeadCounts(canary: Canary, heads: readonly PublishedHead[], at: { now: Date; rules: WatchRules }): Canary {
  const counts = heads
    .filter(({ scope }) => scope === canary.scope)
    .map(({ policy, audience: { connected, cohort } }) => ({ policy, cohort, connected }))
  // The audience of a head has only bots of the head's scope. With heads of earlier steps, the counts come from coverage reports; a stored
  // head then only shows that config-store is still counting, so the previous counts are kept.
  return withCounts(canary, canary.earlier === undefined || counts.length === 0 ? counts : (canary.watch?.bots ?? []), at)
}

export function withCoverageCounts(canary: Canary, reports: readonly CoverageReport[], at: { now: Date; rules: WatchRules }): Canary {
  const counts = reports.flatMap(({ policy, scopes }) => {
    const heads = headsOf(canary).filter((head) => head.policy === policy)
    const coverages = heads.map((head) => coverageOfHead(head, scopes))
    if (heads.length === 0 || coverages.some((each) => each === undefined)) return []
    const known = coverages.map((each) => each!)
    const cohort = known.reduce((total, { expected }) => total + expected, 0)
    // The control count of a head for all regions contains all bots outside every cohort; without it, the counts of the regions are added.
    const outside = known.find(({ scope }) => scope === ALL_REGIONS)
    const control = outside?.control ?? known.reduce((total, each) => total + each.control!, 0)
    return [{ policy, cohort, connected: cohort + control }]
  })
  return withCounts(canary, counts, at)
}

/** Returns the coverage of exactly this head; `undefined` if the report is about an earlier head. */
function coverageOfHead({ scope, seq }: ScopedMember, scopes: CoverageReport['scopes']): CoverageReport['scopes'][number] | undefined {
  const coverage = scopes.find((each) => each.scope === scope)
  return coverage?.seq === seq && coverage.control !== undefined ? coverage : undefined
}

function withCounts(canary: Canary, counts: readonly ScopeBots[], { now, rules }: { now: Date; rules: WatchRules }): Canary {
  if (!isLive(canary) || counts.length === 0) return canary
  const known = canary.watch === undefined ? newWatch(rules, now) : withExposure(canary, now)
  // For a first version the bots outside the cohort have no release to compare with, so there is no control group.
  const fresh = hasControl(canary) ? counts : counts.map((count) => ({ ...count, connected: count.cohort }))
  const bots = [...known.bots.filter(({ policy }) => !fresh.some((count) => count.policy === policy)), ...fresh]
  bots.sort((a, z) => (a.policy < z.policy ? -1 : 1))
  return { ...canary, watch: { ...known, bots, heardAt: now.toISOString() } }
}

/** Restarts the statistics, because each step has its own verdict. Event windows are kept, so that no alert begins two events. */
export function restartWatch({ windowMs, alertsPerBotDay, windows, begun }: CanaryWatch, now: Date): CanaryWatch {
  return { ...newWatch({ windowMs, alertsPerBotDay }, now), windows, begun }
}

/** Whether the bots outside the cohort have an earlier version of each policy. */
export function hasControl({ members }: Canary): boolean {
  return members.every(({ base }) => base !== null)
}

function newWatch(rules: WatchRules, now: Date): CanaryWatch {
  const at = now.toISOString()
  return {
    ...rules,
    bots: [],
    from: at,
    heardAt: at,
    addedUntil: at,
    paired: NO_PAIRED_EXPOSURE,
    alone: { cohortMs: 0, events: 0 },
    windows: [],
    begun: [],
  }
}

export function withExposure(canary: Canary, now: Date): CanaryWatch {
  const watch = canary.watch!
  // Before the last effective time no bot applies all releases, so there is no exposure.
  const begins = canary.members
    .map(({ beginsAt }) => beginsAt ?? '')
    .sort()
    .at(-1)!
  const from = begins > watch.addedUntil ? begins : watch.addedUntil
  const elapsedMs = now.getTime() - Date.parse(from)
  if (elapsedMs <= 0) return watch
  const { least, most, connected } = cohortSizeBounds(canary, watch.bots)
  const added = { ...watch, addedUntil: now.toISOString() }
  if (most === 0) return added
  if (most === connected) return { ...added, alone: { ...watch.alone, cohortMs: watch.alone.cohortMs + least * elapsedMs } }
  const { paired } = watch
  return {
    ...added,
    paired: {
      ...paired,
      cohortMs: paired.cohortMs + most * elapsedMs,
      controlMs: paired.controlMs + (connected - most) * elapsedMs,
      leastShare: Math.min(paired.leastShare, least / connected),
      mostShare: Math.max(paired.mostShare, most / connected),
    },
  }
}

/** Adds the exposure up to the verdict; there is no later exposure. */
export function finishWatch(canary: Canary, now: Date): Canary {
  return canary.watch === undefined ? canary : { ...canary, watch: withExposure(canary, now) }
}

/** Returns bounds of the number of bots in any cohort. Cohorts may overlap: `least` is the largest, `most` the sum up to `connected`. */
export function cohortSizeBounds(
  { cohortKey }: Pick<Canary, 'cohortKey'>,
  bots: readonly ScopeBots[],
): { least: number; most: number; connected: number } {
  const cohorts = bots.map(({ cohort }) => cohort)
  const connected = Math.max(0, ...bots.map((each) => each.connected))
  const least = Math.max(0, ...cohorts)
  const isOne = cohortKey !== undefined && bots.every((each) => each.cohort === least && each.connected === connected)
  return { least, most: isOne ? least : Math.min(connected, sum(cohorts)), connected }
}

/** Counts an alert, at most one per bot and window. Its location and cause are ignored: the bot could vary them to count more. */
export function countEvent(canary: Canary, { bot, once, receivedAt, arm }: WatchedAlert, now: Date): Canary {
  const { watch } = canary
  if (watch === undefined || !isLive(canary) || watch.begun.includes(once) || watch.begun.length >= MAX_COUNTED) return canary
  if (receivedAt < watch.from) return canary
  const since = watch.windows.find((known) => known.bot === bot)?.since
  if (since !== undefined && Date.parse(receivedAt) - Date.parse(since) < watch.windowMs) return canary
  const added = withExposure(canary, now)
  const { least, most, connected } = cohortSizeBounds(canary, added.bots)
  const isPaired = most > 0 && most < connected
  if (!isPaired && arm === 'control') return canary
  const seen = {
    ...added,
    windows: [...added.windows.filter((known) => known.bot !== bot), { bot, since: receivedAt }],
    begun: [...added.begun, once],
  }
  return {
    ...canary,
    watch: isPaired
      ? countPairedEvent(seen, arm, [least / connected, most / connected])
      : { ...seen, alone: { ...seen.alone, events: seen.alone.events + 1 } },
  }
}

function countPairedEvent(watch: CanaryWatch, arm: WatchedAlert['arm'], [least, most]: readonly [number, number]): CanaryWatch {
  const { paired } = watch
  const events = arm === 'cohort' ? { cohortEvents: paired.cohortEvents + 1 } : { controlEvents: paired.controlEvents + 1 }
  const bounds = { leastShare: Math.min(paired.leastShare, least), mostShare: Math.max(paired.mostShare, most) }
  return { ...watch, paired: { ...paired, ...bounds, ...events } }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
