import type { ReleaseDocument } from '#libs/contracts'
import { isGuardRelease } from '#libs/guard'
import { documentTable } from '#libs/persistence'
import type { StableHead } from '#libs/signing'

/** What is live for all, per policy: the head that says so, and the releases it can be taken back to. */
export interface Stable {
  policy: string
  /** Number of the last stable head. */
  seq: number
  current: ReleaseDocument | null
  /** Releases that were stable before, newest last. */
  history: ReleaseDocument[]
  /** Run whose rollout is under way. */
  run: number | null
  /** Policies that became live together with the current release; they go back together. */
  bundle: string[]
}

export const STABLES = documentTable<Stable>({
  name: 'stable',
  id: (stable) => stable.policy,
  keys: { guard: { type: 'text', of: (stable) => (isGuardRelease(stable.current) ? 'yes' : null) } },
  indexes: [['guard']],
})

/** The newest stable head of each policy, without its release. */
export const STABLE_HEADS = documentTable<StableHead>({ name: 'stable_head', id: (head) => head.policy, keys: {} })

/** The signal after a commit that moved a stable head. */
export const STABLE_MOVED = 'stable'

const MAX_HISTORY = 20

export function newStable(policy: string): Stable {
  return { policy, seq: 0, current: null, history: [], run: null, bundle: [] }
}

/** The next head makes `release` current; what was current can be gone back to. */
export function advance(stable: Stable, release: ReleaseDocument | null, run: number | null, bundle: string[] = []): Stable {
  const before = stable.current
  const history = before === null ? stable.history : [...stable.history.filter((known) => known.releaseDigest !== before.releaseDigest), before]
  return { ...stable, seq: stable.seq + 1, current: release, history: history.slice(-MAX_HISTORY), run, bundle }
}
