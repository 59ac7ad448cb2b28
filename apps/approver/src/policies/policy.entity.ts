import type { ReleaseDocument, VersionRef } from '#libs/contracts'
import { isGuardRelease } from '#libs/guard'
import { documentTable } from '#libs/persistence'

/** What approver knows of one policy: what is live, what was ever approved, and whose turn it is. */
export interface PolicyRecord {
  id: string
  /** Highest release epoch that was allotted. */
  releaseEpoch: number
  live: ReleaseDocument | null
  /** Sequence of the stable head that made `live` live; an older word from rollout changes nothing. */
  liveSeq: number
  /** Versions that somebody signed, with their policy digests: a version never means two things. */
  used: VersionRef[]
  /** Releases that were stable, newest last: what `--fallback` can name. */
  released: ReleaseDocument[]
  active: number | null
  queue: number[]
  /** Runs that wait for signatures; they are looked at when the live version moves. */
  waiting?: number[]
}

export const POLICIES = documentTable<PolicyRecord>({
  name: 'policy',
  id: (policy) => policy.id,
  keys: { guard: { type: 'text', of: (policy) => (isGuardRelease(policy.live) ? 'yes' : null) } },
  indexes: [['guard']],
})

/** Enough for five fallbacks of every release that still counts. */
const MAX_RELEASED = 20

export function newPolicy(id: string): PolicyRecord {
  return { id, releaseEpoch: 0, live: null, liveSeq: 0, used: [], released: [], active: null, queue: [] }
}

/** rollout says that `release` is live since its head `seq`. */
export function becomesLive(policy: PolicyRecord, release: ReleaseDocument | null, seq: number): PolicyRecord {
  if (seq <= policy.liveSeq) return policy
  const released = release === null ? policy.released : [...policy.released.filter((known) => known.releaseDigest !== release.releaseDigest), release]
  return { ...policy, live: release, liveSeq: seq, released: released.slice(-MAX_RELEASED) }
}
