import type { ReleaseDocument } from '#libs/contracts'
import { isGuardRelease } from '#libs/guard'
import { documentTable, type Transaction } from '#libs/persistence'
import { firstNumber, upcoming, type Upcoming } from '#libs/service'

/** What approver knows of one policy: what is live, what was ever approved, and whose turn it is. */
export interface PolicyRecord {
  id: string
  /** Highest release epoch that was allotted. */
  releaseEpoch: number
  live: ReleaseDocument | null
  /** Sequence of the stable head that made `live` live; an older word from rollout changes nothing. */
  liveSeq: number
  active: number | null
  queue: number[]
  /** Runs that wait for signatures; they are looked at when the live version moves. */
  waiting?: number[]
  /** Held by all readers, and live from its time on; rollout says nothing more of it then. */
  next?: Upcoming
  /** The version that people withdrew last: while nothing is live, a new one must be above it. */
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

/** `releaseEpoch`: where its releases begin, see `firstNumber`. */
export function newPolicy(id: string, releaseEpoch = 0): PolicyRecord {
  return { id, releaseEpoch, live: null, liveSeq: 0, active: null, queue: [] }
}

/** The record at `now`: a release that was held is live once its time has come. */
export function asOf(policy: PolicyRecord, now: Date): PolicyRecord {
  const { next, ...rest } = policy
  if (next === undefined || Date.parse(next.at) > now.getTime()) return policy
  return { ...rest, live: next.release }
}

/** What approver knows of one policy at the time of the transaction. */
export async function policyAt(tx: Transaction, id: string): Promise<PolicyRecord | undefined> {
  const policy = await tx.documents(POLICIES).get(id)
  return policy === undefined ? undefined : asOf(policy, tx.now)
}

/** The same, or a new one for a policy that nobody approved yet: its releases begin where those of this database do. */
export async function policyOrNew(tx: Transaction, id: string): Promise<PolicyRecord> {
  return (await policyAt(tx, id)) ?? newPolicy(id, await firstNumber(tx))
}

/**
 * The release that a new one follows: what is held, where that comes into force first, else what is live. Readers hold one release beside
 * the one in force: a newer one that comes into force no later takes its place.
 */
export function predecessorOf({ live, next }: PolicyRecord, effectiveAtMs: number): ReleaseDocument | null {
  return next !== undefined && Date.parse(next.at) < effectiveAtMs ? next.release : live
}

/** rollout says that `release` is live, or held until it is, since its head `seq`. `policy` is as of `now`. */
export function becomesLive(policy: PolicyRecord, release: ReleaseDocument | null, seq: number, now: Date): PolicyRecord {
  if (seq <= policy.liveSeq) return policy
  const { next: _before, ...rest } = policy
  const next = release === null ? undefined : upcoming(release, now)
  if (next !== undefined) return { ...rest, liveSeq: seq, next }
  return { ...rest, live: release, liveSeq: seq }
}

/** rollout says that `release` is held no more, as of its head `seq`; what is live stays so. */
export function heldNoMore(policy: PolicyRecord, release: string, seq: number): PolicyRecord {
  if (seq < policy.liveSeq || policy.next?.release.releaseDigest !== release) return policy
  const { next: _dropped, ...rest } = policy
  return rest
}
