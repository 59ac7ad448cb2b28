import { COVERAGE_TOLD_MS, type CoverageReport, type FreezeNotice, type Reach, type RunDossier } from '#libs/contracts'
import { beginning } from '../canary/canary.js'
import { lateJoiners, withCountOf, withinFleet, type BotCount, type Deadline } from '../late-joiners.js'
import { withCoverage, withNumbers, type Acknowledgements } from '../silence.js'
import type { StageState } from '../stage/decision.js'

export interface RolloutMember extends Acknowledgements {
  policy: string
  /** Number of the head that was last issued for it; 0 before the first. */
  seq: number
  release: string
  version: string
  /** config-store has stored the head. */
  published: boolean
  connected: number
  /** From when on it is in force (RFC 3339), where readers only hold it until then. */
  beginsAt?: string
  /** Those who acknowledged said that they hold it, not yet that they live under it. */
  heldOnly?: boolean
  /** How many bots there were lately. Rows of earlier versions have none. */
  counts?: BotCount[]
  /** When the silent bots that joined last did (RFC 3339), newest first; as far as config-store reported it. */
  joined?: string[]
  /** Most bots that there were before they were counted again after a long bake. */
  established?: number
}

/** The full rollout of a run: stable heads, acknowledged by the connected bots, then baked. */
export interface Rollout extends StageState {
  /** `waiting`: it issues nothing while a freeze holds. `holding`: all readers hold what takes effect later. */
  state: 'new' | 'waiting' | 'publishing' | 'acknowledging' | 'holding' | 'baking' | 'paused' | 'completed' | 'failed' | 'aborted'
  bakeMs: number
  /** Basis points of the connected bots that must have acknowledged. */
  quorum: number
  members: RolloutMember[]
  /** When the bake began (RFC 3339). */
  bakeSince?: string
  /** RFC 3339, while it bakes. */
  bakeUntil?: string
  /** How many of the bots have it, and since when. */
  reach?: Reach
  /** Other services were told that the release is live. */
  promoted: boolean
  /** The bake is over; only bots that joined during it still have to acknowledge. */
  baked: boolean
  /** Since when config-store counts the bots for it (RFC 3339): it does so for `COVERAGE_TOLD_MS`. */
  countedSince?: string
  /** The freeze that it waits for. */
  frozen?: FreezeNotice
  /** Several people sent it past its canary: no freeze holds it, the stop switch included, and it waits for no other run. */
  breakGlass?: true
  /** Name of the person who went on without the silent bots. */
  acceptedBy?: string
  dossier: RunDossier
}

/** A rollout that has issued nothing yet. `begins`: when each policy takes effect, where that lies ahead. */
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

/** It may still end either way. */
export function isRolloutOpen({ state }: Rollout): boolean {
  return state === 'publishing' || state === 'acknowledging' || state === 'holding' || state === 'baking' || state === 'paused'
}

/** Nobody tells any more which bots came and went since: the numbers are those of its beginning. */
export function isUncounted({ countedSince }: Rollout, now: Date): boolean {
  return countedSince !== undefined && now.getTime() - Date.parse(countedSince) > COVERAGE_TOLD_MS
}

/** None of its releases is in force: readers at most hold them. */
export function isAhead({ members }: Rollout, now: Date): boolean {
  return aheadOf(members, now).length === members.length
}

/** When the last release takes effect, where that is ahead (RFC 3339). */
export function heldUntil({ members }: Rollout, now: Date): string | undefined {
  return aheadOf(members, now)
    .map(({ beginsAt }) => beginsAt!)
    .sort()
    .at(-1)
}

/** What the bots said last. From its time on a release is acknowledged by those who live under it: that others hold it is no answer. */
export function withAnswers(members: readonly RolloutMember[], reports: readonly CoverageReport[], now: Date): RolloutMember[] {
  const ahead = new Set(aheadOf(members, now))
  return withCoverage(members, 'global', reports, (member, said) => {
    const heldOnly = said.release !== member.release
    return heldOnly && !ahead.has(member) ? member : { ...withNumbers(member, said), joined: said.joined ?? [], heldOnly }
  })
}

/** Their time has come: nobody has said yet that they live under it. */
export function inForce(members: readonly RolloutMember[]): RolloutMember[] {
  return members.map((member) => (member.heldOnly === true ? { ...member, acknowledged: 0, silent: [] } : member))
}

function aheadOf(members: readonly RolloutMember[], now: Date): RolloutMember[] {
  return members.filter(({ beginsAt }) => beginsAt !== undefined && Date.parse(beginsAt) > now.getTime())
}

/** config-store has all heads that were last issued. */
export function isStored({ members }: Rollout): boolean {
  return members.every(({ published }) => published)
}

/** Every connected bot acknowledged. */
export function hasAll({ members }: Rollout): boolean {
  return members.every(({ acknowledged, expected }) => acknowledged >= expected)
}

/** Bots that have just joined and are silent do not count: they have the same time to acknowledge as the others had. */
export function hasQuorum({ acceptedBy, members, quorum, countedSince }: Rollout, deadline: Deadline): boolean {
  if (acceptedBy !== undefined) return true
  return members.every((member) => {
    const late = Math.max(lateJoiners(member.counts ?? [], member, deadline), lateInBake(member, countedSince, deadline))
    return member.acknowledged * 10_000 >= (member.expected - late) * quorum
  })
}

/** Of bots that are counted again at the end of a long bake: those that joined so shortly before it that it ended without their time. */
function lateInBake(
  { joined = [], established, ...numbers }: RolloutMember,
  bakeEnd: string | undefined,
  { acknowledgeMs }: Deadline,
): number {
  if (established === undefined || bakeEnd === undefined) return 0
  const cutoff = Date.parse(bakeEnd) - acknowledgeMs
  return withinFleet(joined.filter((at) => Date.parse(at) > cutoff).length, numbers, established)
}

/** With the numbers of now beside those of before. */
export function withCounts(members: readonly RolloutMember[], deadline: Deadline): RolloutMember[] {
  return members.map((member) => (member.published ? { ...member, counts: withCountOf(member.counts ?? [], member, deadline) } : member))
}

/** The heads go out again under new numbers: who is there then is counted from the beginning. */
export function uncounted({ counts: _counts, joined: _joined, established: _established, ...member }: RolloutMember): RolloutMember {
  return { ...member, acknowledged: 0, silent: [] }
}

/** As `uncounted` after a long bake: how large the fleet was before tells who joined it. */
export function countedAgain(member: RolloutMember): RolloutMember {
  return { ...uncounted(member), established: Math.max(member.expected, ...(member.counts ?? []).map(({ expected }) => expected)) }
}

/** `63 of 64 bots acknowledged; 1 silent, accepted by EPA Chief`: the stage's words in `runs show`. */
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

/** `in force since …` for releases that were only held at first. */
function sinceWhen(members: readonly RolloutMember[]): string | undefined {
  const last = members
    .flatMap(({ beginsAt }) => beginsAt ?? [])
    .sort()
    .at(-1)
  return last === undefined ? undefined : `in force since ${last}`
}
