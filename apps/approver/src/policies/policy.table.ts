import type { ReleaseDocument } from '#libs/contracts'
import { isGuardRelease } from '#libs/guard'
import { documentTable, type Transaction } from '#libs/persistence'
import { firstNumber, requireSmallStep, upcoming, type Upcoming } from '#libs/service'

/** Approver's state of one policy: the live release, the assigned epochs, and the runs in line. */
export interface PolicyRecord {
  id: string
  /** Highest assigned release epoch. */
  releaseEpoch: number
  live: ReleaseDocument | null
  /** `seq` of the newest stable head received, which made `live` live or scheduled `next`. An older event from rollout changes nothing. */
  liveSeq: number
  /** When approver received that head (RFC 3339); missing in records of earlier builds. */
  receivedAt?: string
  active: number | null
  queue: number[]
  /** Runs that wait for signatures; they are checked when the live version changes. */
  waiting?: number[]
  /** Held release: readers have it, and it becomes live at its effective time without another event from rollout. */
  next?: Upcoming
  /** Version that people withdrew last. While no release is live, a new version must be above it. */
  withdrawn?: string
}

export const POLICIES = documentTable<PolicyRecord>({
  name: 'policy',
  id: (policy) => policy.id,
  keys: {
    guard: { type: 'text', of: (policy) => (isGuardRelease(policy.live) || isGuardRelease(policy.next?.release ?? null) ? 'yes' : null) },
  },
  indexes: [['guard']],
})

/** Returns the record of a policy without releases. `releaseEpoch`: initial value of its counter, see `firstNumber`. */
export function newPolicy(id: string, releaseEpoch = 0): PolicyRecord {
  return { id, releaseEpoch, live: null, liveSeq: 0, active: null, queue: [] }
}

/** Returns the record at `now`: a held release is live once its effective time has passed. */
export function asOf(policy: PolicyRecord, now: Date): PolicyRecord {
  const { next, ...rest } = policy
  if (next === undefined || Date.parse(next.at) > now.getTime()) return policy
  return { ...rest, live: next.release }
}

/** Returns the record of one policy at the time of the transaction. */
export async function policyAt(tx: Transaction, id: string): Promise<PolicyRecord | undefined> {
  const policy = await tx.documents(POLICIES).get(id)
  return policy === undefined ? undefined : asOf(policy, tx.now)
}

/** Returns the `releaseEpoch` of the next release. Throws 422 `HMS_NUMBER_AHEAD` if the counter was changed: people would sign it. */
export function nextEpoch({ id, live, releaseEpoch }: PolicyRecord): number {
  requireSmallStep(`a release of ${id}`, live?.releaseEpoch, releaseEpoch + 1) // guard: epochs-left
  return releaseEpoch + 1
}

/** Returns the record or, for a policy without approvals, a new one whose epoch counter starts at `firstNumber`. */
export async function policyOrNew(tx: Transaction, id: string): Promise<PolicyRecord> {
  return (await policyAt(tx, id)) ?? newPolicy(id, await firstNumber(tx))
}

/**
 * Returns the release that a new one follows: the held release if it comes into force before the new one, else the live release. Readers
 * hold at most one release besides the one in force; a new release that comes into force at the same time or earlier replaces the held one.
 */
export function predecessorOf({ live, next }: PolicyRecord, effectiveAtMs: number): ReleaseDocument | null {
  return next !== undefined && Date.parse(next.at) < effectiveAtMs ? next.release : live
}

/** Applies an event from rollout: stable head `seq` made `release` live or scheduled it for its effective time. `policy` is as of `now`. */
export function withIssuedRelease(policy: PolicyRecord, release: ReleaseDocument | null, seq: number, now: Date): PolicyRecord {
  if (seq <= policy.liveSeq) return policy
  const { next: _before, ...rest } = policy
  const received = { liveSeq: seq, receivedAt: now.toISOString() }
  const next = release === null ? undefined : upcoming(release, now)
  if (next !== undefined) return { ...rest, ...received, next }
  return { ...rest, ...received, live: release }
}

/** Applies an event from rollout: as of stable head `seq`, the held release with digest `release` was dropped. The live release stays. */
export function withoutScheduled(policy: PolicyRecord, release: string, seq: number): PolicyRecord {
  if (seq < policy.liveSeq || policy.next?.release.releaseDigest !== release) return policy
  const { next: _dropped, ...rest } = policy
  return rest
}
