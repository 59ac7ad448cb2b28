import { COVERAGE_TOLD_MS, type CoverageReport, type FreezeNotice, type KeptPolicy, type Reach, type RunDossier } from '#libs/contracts'
import { beginning } from '../canary/canary.js'
import { lateJoiners, withCountOf, withinFleet, type BotCount, type Deadline } from '../late-joiners.js'
import { type Acknowledgements, withCoverage, withNumbers } from '../silence.js'
import type { StageState } from '../stage/decision.js'

export interface RolloutMember extends Acknowledgements {
  policy: string
  /** Number of its last issued head; 0 before the first. */
  seq: number
  release: string
  version: string
  /** Whether config-store has stored the head. */
  published: boolean
  connected: number
  /** Effective time (RFC 3339), if readers only hold it until then. */
  beginsAt?: string
  /** Acknowledgements so far mean that bots hold it, not that they run it. */
  heldOnly?: boolean
  /** Recent numbers of bots. Rows of earlier versions have none. */
  counts?: BotCount[]
  /** When the silent bots joined (RFC 3339), newest first, as far as config-store reported it. */
  joined?: string[]
  /** Largest number of bots before the recount after a long bake. */
  established?: number
}

/** Full rollout of a run: stable heads, acknowledged by the connected bots, then baked. */
export interface Rollout extends StageState {
  /** `waiting`: issues nothing while a freeze is active. `holding`: all readers hold a release that takes effect later. */
  state: 'new' | 'waiting' | 'publishing' | 'acknowledging' | 'holding' | 'baking' | 'paused' | 'completed' | 'failed' | 'aborted'
  bakeMs: number
  /** Share of the connected bots that must have acknowledged, in basis points. */
  quorum: number
  members: RolloutMember[]
  /** Start of the bake (RFC 3339). */
  bakeSince?: string
  /** End of the bake (RFC 3339), while it bakes. */
  bakeUntil?: string
  /** Number of bots that have it, and since when. */
  reach?: Reach
  /** The promotion was published to other services. */
  promoted: boolean
  /** The bake has ended; only bots that joined during it still have to acknowledge. */
  baked: boolean
  /** Since when config-store counts its bots (RFC 3339); it counts for `COVERAGE_TOLD_MS`. */
  countedSince?: string
  /** Freeze that it waits for. */
  frozen?: FreezeNotice
  /** Break-glass by several people: it skips the canary, freezes (including the stop switch) and other runs. */
  breakGlass?: true
  /** Name of the person who continued without the silent bots. */
  acceptedBy?: string
  /** What stays in force though the rollout ended: readers would refuse what was in force before it. */
  kept?: KeptPolicy[]
  /** Policy whose announcement ends the run: its take-back is announced once a config-store may have the heads. */
  endsWith?: string
  dossier: RunDossier
}

/** Creates a rollout that has issued nothing. `begins`: future effective time of each policy. */
export function newRollout(
  { run, attempt, plan, releases }: RunDossier,
  origin: Pick<Rollout, 'key' | 'causationId' | 'traceparent' | 'dossier'>,
  { quorum, begins }: { quorum: number; begins: ReadonlyMap<string, string> },
): Rollout {
  const unknown = { seq: 0, published: false, connected: 0, expected: 0, acknowledged: 0 }
  const members = releases.map(({ id, releaseDigest, version }) => {
    const at = begins.get(id)
    return { policy: id, release: releaseDigest, version, ...unknown, silent: [], ...(at === undefined ? {} : { beginsAt: at }) }
  })
  return { run, attempt, ...origin, state: 'new', bakeMs: plan.bakeMs, quorum, members, promoted: false, baked: false }
}

/** Whether its outcome is still open. */
export function isRolloutOpen({ state }: Rollout): boolean {
  return state === 'publishing' || state === 'acknowledging' || state === 'holding' || state === 'baking' || state === 'paused'
}

/** Whether the counting period has ended: joins and leaves are no longer reported, so the numbers are those of its beginning. */
export function isUncounted({ countedSince }: Rollout, now: Date): boolean {
  return countedSince !== undefined && now.getTime() - Date.parse(countedSince) > COVERAGE_TOLD_MS
}

/** Whether none of its releases is in force; readers at most hold them. */
export function isAhead({ members }: Rollout, now: Date): boolean {
  return aheadOf(members, now).length === members.length
}

/** Returns the last future effective time of its releases (RFC 3339). */
export function heldUntil({ members }: Rollout, now: Date): string | undefined {
  return aheadOf(members, now)
    .map(({ beginsAt }) => beginsAt!)
    .sort()
    .at(-1)
}

/** Applies coverage reports. From its effective time on a release is acknowledged only by bots that run it; holding it no longer counts. */
export function withAnswers(members: readonly RolloutMember[], reports: readonly CoverageReport[], now: Date): RolloutMember[] {
  const ahead = new Set(aheadOf(members, now))
  return withCoverage(members, 'global', reports, (member, said) => {
    const heldOnly = said.release !== member.release
    return heldOnly && !ahead.has(member) ? member : { ...withNumbers(member, said), joined: said.joined ?? [], heldOnly }
  })
}

/** Resets acknowledgements at the effective time: no bot has reported yet that it runs the releases. */
export function inForce(members: readonly RolloutMember[]): RolloutMember[] {
  return members.map((member) => (member.heldOnly === true ? { ...member, acknowledged: 0, silent: [] } : member))
}

function aheadOf(members: readonly RolloutMember[], now: Date): RolloutMember[] {
  return members.filter(({ beginsAt }) => beginsAt !== undefined && Date.parse(beginsAt) > now.getTime())
}

/** Whether config-store has stored all last issued heads. */
export function isStored({ members }: Rollout): boolean {
  return members.every(({ published }) => published)
}

/** Whether every connected bot acknowledged. */
export function hasAll({ members }: Rollout): boolean {
  return members.every(({ acknowledged, expected }) => acknowledged >= expected)
}

/**
 * Whether enough bots acknowledged. Silent bots that have just joined are excluded: they get the same time to acknowledge as the others.
 */
export function hasQuorum({ acceptedBy, members, quorum, countedSince }: Rollout, deadline: Deadline): boolean {
  if (acceptedBy !== undefined) return true
  return members.every((member) => {
    const late = Math.max(lateJoiners(member.counts ?? [], member, deadline), lateInBake(member, countedSince, deadline))
    return member.acknowledged * 10_000 >= (member.expected - late) * quorum
  })
}

/** Returns how many bots of a recount joined so shortly before the end of the bake that they had no full acknowledgement timeout. */
function lateInBake(
  { joined = [], established, ...numbers }: RolloutMember,
  bakeEnd: string | undefined,
  { acknowledgeMs }: Deadline,
): number {
  if (established === undefined || bakeEnd === undefined) return 0
  const cutoff = Date.parse(bakeEnd) - acknowledgeMs
  return withinFleet(joined.filter((at) => Date.parse(at) > cutoff).length, numbers, established)
}

/** Adds the current numbers to the recorded counts. */
export function withCounts(members: readonly RolloutMember[], deadline: Deadline): RolloutMember[] {
  return members.map((member) => (member.published ? { ...member, counts: withCountOf(member.counts ?? [], member, deadline) } : member))
}

/** Clears the counts of a renewed head: its bots are counted from the beginning. */
export function uncounted({ counts: _counts, joined: _joined, established: _established, ...member }: RolloutMember): RolloutMember {
  return { ...member, acknowledged: 0, silent: [] }
}

/** Clears the counts for a recount after a long bake. It keeps the largest fleet size, which identifies joiners. */
export function countedAgain(member: RolloutMember): RolloutMember {
  return { ...uncounted(member), established: Math.max(member.expected, ...(member.counts ?? []).map(({ expected }) => expected)) }
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
  const times = beginning(aheadOf(members, now)) ?? sinceWhen(members)
  return [expected === 0 ? 'no bots connected' : counted, times].filter((part) => part !== undefined).join('; ')
}

/** Returns `in force since …` for releases that were only held at first. */
function sinceWhen(members: readonly RolloutMember[]): string | undefined {
  const last = members
    .flatMap(({ beginsAt }) => beginsAt ?? [])
    .sort()
    .at(-1)
  return last === undefined ? undefined : `in force since ${last}`
}

export const NOBODY_REACHED: Reach = { bots: 0, current: 0, halfAt: null, mostAt: null, allAt: null }

/**
 * Counts the bots that have all policies of a run. The time at which a share was first reached is kept, even if bots join or leave later.
 */
export function countReach(known: Reach, members: readonly Acknowledgements[], now: Date): Reach {
  const bots = Math.max(...members.map(({ expected }) => expected))
  const current = Math.min(bots, ...members.map(({ acknowledged }) => acknowledged))
  const first = (at: string | null, percent: number): string | null =>
    at ?? (bots > 0 && current * 100 >= bots * percent ? now.toISOString() : null)
  return { bots, current, halfAt: first(known.halfAt, 50), mostAt: first(known.mostAt, 95), allAt: first(known.allAt, 100) }
}
