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
  /** Policies that the last rollback took back together with this one; they are brought forward together. */
  takenBackWith: string[]
  /** Run that made a release live, by release digest: of `current` and of `history`. */
  liveBy: Record<string, number>
  /** Releases of `history` that their own run took back, by release digest: only a new approval makes them live again. */
  failed: string[]
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
  return { policy, seq: 0, current: null, history: [], run: null, bundle: [], takenBackWith: [], liveBy: {}, failed: [] }
}

/** The next head makes `release` current, by its run; what was current can be gone back to. */
export function advance(stable: Stable, release: ReleaseDocument, run: number, bundle: string[]): Stable {
  const moved = moveTo(stable, release)
  return { ...moved, run, bundle, takenBackWith: [], liveBy: { ...moved.liveBy, [release.releaseDigest]: run } }
}

/** People move to a release that was current before. `together`: the policies that go with it. */
export function rollBackTo(stable: Stable, release: ReleaseDocument, together: readonly string[]): Stable {
  const moved = { ...moveTo(stable, release), run: null }
  // Forward again: the bundle is whole once more, and goes back as one.
  if (takenBack(moved) === undefined) return { ...moved, bundle: together.length > 1 ? [...together] : [], takenBackWith: [] }
  return { ...moved, bundle: [], takenBackWith: [...new Set([...stable.takenBackWith, ...together])] }
}

/** A run gives up what it made current: `release` is what was live before it, if anything. */
export function giveUp(stable: Stable, release: ReleaseDocument | null): Stable {
  const moved = moveTo({ ...stable, failed: [...stable.failed, stable.current!.releaseDigest] }, release)
  return { ...moved, run: null, bundle: [], takenBackWith: [] }
}

/** The newest approved release, where people took it back: it may become live again. */
export function takenBack(stable: Stable): ReleaseDocument | undefined {
  const newest = newestApproved(stable)
  const eligible = newest !== undefined && newest.releaseDigest !== stable.current?.releaseDigest && !stable.failed.includes(newest.releaseDigest)
  return eligible ? newest : undefined
}

/** The run that made the current release live. */
export function runOf({ current, liveBy }: Stable): number | undefined {
  return current === null ? undefined : liveBy[current.releaseDigest]
}

/** The release of the highest epoch that was ever live. Readers keep it as their floor, so its fallbacks count, also after a rollback. */
export function newestApproved({ current, history }: Stable): ReleaseDocument | undefined {
  return [...(current === null ? [] : [current]), ...history].reduce<ReleaseDocument | undefined>(
    (highest, release) => (highest === undefined || release.releaseEpoch > highest.releaseEpoch ? release : highest),
    undefined,
  )
}

function moveTo(stable: Stable, release: ReleaseDocument | null): Stable {
  const before = stable.current
  const passed = before === null ? stable.history : [...stable.history.filter((known) => known.releaseDigest !== before.releaseDigest), before]
  const history = passed.slice(-MAX_HISTORY)
  const kept = new Set([release, ...history].map((known) => known?.releaseDigest))
  const liveBy = Object.fromEntries(Object.entries(stable.liveBy).filter(([digest]) => kept.has(digest)))
  const failed = stable.failed.filter((digest) => kept.has(digest))
  return { ...stable, seq: stable.seq + 1, current: release, history, liveBy, failed }
}
