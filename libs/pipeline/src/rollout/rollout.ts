import { COVERAGE_REPORT_MS, type CoverageReport, type FreezeNotice, type KeptPolicy, type Reach, type RunDossier } from '#libs/contracts'
import { heldUntilText } from '../canary/canary.js'
import { lateJoiners, addCount, withinFleet, type BotCount, type Deadline } from '../late-joiners.js'
import { type Acknowledgements, applyCoverageReports, mergeCoverage } from '../silence.js'
import type { StageState } from '../stage/decision.js'

export interface RolloutMember extends Acknowledgements {
  policy: string
  /** `seq` of the last issued head; 0 before the first. */
  seq: number
  release: string
  version: string
  /** Whether config-store has stored the last issued head. */
  published: boolean
  /** When config-store first stored a head of this rollout. */
  storedAt?: string
  connected: number
  /** Effective time (RFC 3339), if it was in the future when the rollout began. Until then readers do not apply the received release. */
  beginsAt?: string
  /** Whether the acknowledgements so far are for having received the release, not for applying it. */
  heldOnly?: boolean
  /** Recent numbers of bots. Missing in rows of earlier builds. */
  counts?: BotCount[]
  /** When silent bots connected (RFC 3339), newest first; config-store reports at most `MAX_SILENT`. */
  joined?: string[]
  /** Largest fleet size before the recount after a long bake. */
  established?: number
}

/** Full rollout of a run: stable heads that the connected bots acknowledge, and the bake. */
export interface Rollout extends StageState {
  /** `waiting`: issues no heads during a freeze. `holding`: readers have the release, and its effective time is in the future. */
  state: 'new' | 'waiting' | 'publishing' | 'acknowledging' | 'holding' | 'baking' | 'paused' | 'completed' | 'failed' | 'aborted'
  bakeMs: number
  /** Share of the connected bots that must have acknowledged, in basis points. */
  quorum: number
  members: RolloutMember[]
  /** Start of the bake (RFC 3339). */
  bakeSince?: string
  /** End of the bake (RFC 3339). */
  bakeUntil?: string
  reach?: Reach
  /** Whether the promotion was published to other services. */
  promoted: boolean
  /** Whether the bake has ended. Only bots that joined during the bake still have to acknowledge then. */
  baked: boolean
  /** Start of the period in which config-store reports joins and leaves (RFC 3339). It lasts `COVERAGE_REPORT_MS`. */
  countedSince?: string
  frozen?: FreezeNotice
  /** Set for a break-glass: it has no canary, ignores freezes (including the stop switch), and ends other rollouts of its policies. */
  breakGlass?: true
  /** Name of the person who decided to continue without the silent bots. */
  acceptedBy?: string
  /** Policies left in force by an unsuccessful rollout, because readers would refuse their previous releases. */
  kept?: KeptPolicy[]
  /** Policy whose reversal is published last. The end of the run is published after that reversal. */
  endsWith?: string
  dossier: RunDossier
}

/** Creates a rollout without issued heads. `begins`: future effective time of each policy. */
export function newRollout(
  { run, attempt, plan, releases }: RunDossier,
  origin: Pick<Rollout, 'key' | 'causationId' | 'traceparent' | 'dossier'>,
  { quorum, begins }: { quorum: number; begins: ReadonlyMap<string, string> },
): Rollout {
  const initial = { seq: 0, published: false, connected: 0, expected: 0, acknowledged: 0 }
  const members = releases.map(({ id, releaseDigest, version }) => {
    const at = begins.get(id)
    return { policy: id, release: releaseDigest, version, ...initial, silent: [], ...(at === undefined ? {} : { beginsAt: at }) }
  })
  return { run, attempt, ...origin, state: 'new', bakeMs: plan.bakeMs, quorum, members, promoted: false, baked: false }
}

/** Whether the rollout has issued heads and its outcome is open. */
export function isRolloutOpen({ state }: Rollout): boolean {
  return state === 'publishing' || state === 'acknowledging' || state === 'holding' || state === 'baking' || state === 'paused'
}

/** Whether config-store no longer reports joins and leaves, so that the numbers of bots may be outdated and need a recount. */
export function hasCountingEnded({ countedSince }: Rollout, now: Date): boolean {
  return countedSince !== undefined && now.getTime() - Date.parse(countedSince) > COVERAGE_REPORT_MS
}

/** Whether the effective times of all its releases are in the future. */
export function isNotYetEffective({ members }: Rollout, now: Date): boolean {
  return notYetEffective(members, now).length === members.length
}

/** Returns the last future effective time of the releases (RFC 3339); `undefined` if there is none. */
export function heldUntil({ members }: Rollout, now: Date): string | undefined {
  return notYetEffective(members, now)
    .map(({ beginsAt }) => beginsAt!)
    .sort()
    .at(-1)
}

/**
 * Applies coverage reports. Before the effective time a report names the release still in force, and counts a bot as acknowledged once it
 * has also received the new release. From the effective time on, only reports that name the new release count.
 */
export function withCoverageReports(members: readonly RolloutMember[], reports: readonly CoverageReport[], now: Date): RolloutMember[] {
  const upcoming = new Set(notYetEffective(members, now))
  return applyCoverageReports(members, 'global', reports, (member, coverage) => {
    const heldOnly = coverage.release !== member.release
    return heldOnly && !upcoming.has(member) ? member : { ...mergeCoverage(member, coverage), joined: coverage.joined ?? [], heldOnly }
  })
}

/** Resets acknowledgements at the effective time, because no bot has reported yet that it applies the releases. */
export function withAcknowledgementsReset(members: readonly RolloutMember[]): RolloutMember[] {
  return members.map((member) => (member.heldOnly === true ? { ...member, acknowledged: 0, silent: [] } : member))
}

function notYetEffective(members: readonly RolloutMember[], now: Date): RolloutMember[] {
  return members.filter(({ beginsAt }) => beginsAt !== undefined && Date.parse(beginsAt) > now.getTime())
}

export function isStored({ members }: Rollout): boolean {
  return members.every(({ published }) => published)
}

export function isFullyAcknowledged({ members }: Rollout): boolean {
  return members.every(({ acknowledged, expected }) => acknowledged >= expected)
}

/** Whether enough bots acknowledged. Late joiners are not counted, so that each bot gets the full time to acknowledge. */
export function hasQuorum({ acceptedBy, members, quorum, countedSince }: Rollout, deadline: Deadline): boolean {
  if (acceptedBy !== undefined) return true
  return members.every((member) => {
    const late = Math.max(lateJoiners(member.counts ?? [], member, deadline), lateJoinersInBake(member, countedSince, deadline))
    return member.acknowledged * 10_000 >= (member.expected - late) * quorum
  })
}

/**
 * Returns how many silent bots joined less than `acknowledgeMs` before the recount after a long bake; 0 without a recount (only it sets
 * `established`; `countedSince` is its start).
 */
function lateJoinersInBake(
  { joined = [], established, ...numbers }: RolloutMember,
  countedSince: string | undefined,
  { acknowledgeMs }: Deadline,
): number {
  if (established === undefined || countedSince === undefined) return 0
  const cutoff = Date.parse(countedSince) - acknowledgeMs
  return withinFleet(joined.filter((at) => Date.parse(at) > cutoff).length, numbers, established)
}

export function recordFleetCounts(members: readonly RolloutMember[], deadline: Deadline): RolloutMember[] {
  return members.map((member) => (member.published ? { ...member, counts: addCount(member.counts ?? [], member, deadline) } : member))
}

/** Clears the acknowledgements and counts for a renewed head. */
export function withClearedCounts({
  counts: _counts,
  joined: _joined,
  established: _established,
  ...member
}: RolloutMember): RolloutMember {
  return { ...member, acknowledged: 0, silent: [] }
}

/** Clears the counts for a recount after a long bake. Keeps the largest fleet size, from which late joiners are calculated. */
export function withRecountStarted(member: RolloutMember): RolloutMember {
  return { ...withClearedCounts(member), established: Math.max(member.expected, ...(member.counts ?? []).map(({ expected }) => expected)) }
}

/** Returns the stage's summary in `runs show`: `63 of 64 bots acknowledged; 1 silent, accepted by EPA Chief`. */
export function rolloutSummary({ members, acceptedBy }: Rollout, now: Date): string {
  const expected = Math.max(...members.map((member) => member.expected))
  const acknowledged = Math.min(...members.map((member) => member.acknowledged))
  const silent = expected - acknowledged
  const accepted = acceptedBy === undefined ? '' : `, accepted by ${acceptedBy}`
  const counted =
    silent > 0
      ? `${acknowledged} of ${expected} bots acknowledged; ${silent} silent${accepted}`
      : `${expected} of ${expected} bots acknowledged`
  const times = heldUntilText(notYetEffective(members, now)) ?? inForceSinceText(members)
  return [expected === 0 ? 'no bots connected' : counted, times].filter((part) => part !== undefined).join('; ')
}

/** Returns `in force since …` for releases that had a future effective time. */
function inForceSinceText(members: readonly RolloutMember[]): string | undefined {
  const last = members
    .flatMap(({ beginsAt }) => beginsAt ?? [])
    .sort()
    .at(-1)
  return last === undefined ? undefined : `in force since ${last}`
}

export const EMPTY_REACH: Reach = { bots: 0, current: 0, halfAt: null, mostAt: null, allAt: null }

/** Counts the bots that have all policies of a run. Keeps the time at which a share was first reached, even if bots join or leave later. */
export function countReach(known: Reach, members: readonly Acknowledgements[], now: Date): Reach {
  const bots = Math.max(...members.map(({ expected }) => expected))
  const current = Math.min(bots, ...members.map(({ acknowledged }) => acknowledged))
  const first = (at: string | null, percent: number): string | null =>
    at ?? (bots > 0 && current * 100 >= bots * percent ? now.toISOString() : null)
  return { bots, current, halfAt: first(known.halfAt, 50), mostAt: first(known.mostAt, 95), allAt: first(known.allAt, 100) }
}
