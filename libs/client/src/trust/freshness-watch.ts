import type { StandingProof } from '#libs/contracts'
import {
  FRESHNESS_EVERY_MS,
  FRESHNESS_LIFE_MS,
  judgeFreshness,
  provesStableHead,
  type FreshnessPredicate,
  type StableHead,
} from '#libs/signing'

/** Reason why a reader cannot confirm that its copy is complete. */
export type Doubt =
  /** The newest known roster has expired. */
  | 'HMS_ROSTER_EXPIRED'
  /** No statement of rollout has arrived for `FRESHNESS_LIFE_MS` since the first contact. */
  | 'HMS_FRESHNESS_MISSING'
  /** The last statement has expired: newer ones are withheld, or rollout is unavailable. */
  | 'HMS_FRESHNESS_EXPIRED'
  /** The last statement is dated far ahead of this reader's time, so one of the clocks is wrong; no other statement is valid. */
  | 'HMS_FRESHNESS_AHEAD'
  /** The statement names other stable heads than the copy has: some heads are withheld, or mixed with older ones. */
  | 'HMS_FRESHNESS_MIXED'

/** Function that returns whether a statement names exactly the stable heads of the copy. */
export type IsHeld = (statement: FreshnessPredicate) => boolean

/** Time in ms for which heads and statement may differ, because they arrive independently. */
const GRACE_MS = 2 * FRESHNESS_EVERY_MS

/** Compares the copy with rollout's newest statement on all stable heads. Has no I/O and no clock; times are in epoch milliseconds. */
export class FreshnessWatch {
  private newest: FreshnessPredicate | undefined
  private contactAt: number | undefined
  private mixedSince: number | undefined
  private ahead = false

  /** Applies a statement, judged at `nowMs`. Returns whether the statement is newer than the last one, older, or dated far ahead. */
  accept(statement: FreshnessPredicate, nowMs: number): 'newer' | 'older' | 'ahead' {
    const verdict = judgeFreshness(statement, this.newest, nowMs)
    this.ahead = verdict === 'ahead'
    if (verdict === 'newer') this.newest = statement
    return verdict
  }

  /** Returns the doubt, if any. Called at each frame. */
  doubt(isHeld: IsHeld, nowMs: number): Doubt | undefined {
    this.contactAt ??= nowMs
    if (this.newest === undefined) {
      if (this.ahead) return 'HMS_FRESHNESS_AHEAD'
      return nowMs - this.contactAt > FRESHNESS_LIFE_MS ? 'HMS_FRESHNESS_MISSING' : undefined
    }
    // guard: freshness-expiry
    if (nowMs >= Date.parse(this.newest.expires)) return this.ahead ? 'HMS_FRESHNESS_AHEAD' : 'HMS_FRESHNESS_EXPIRED'
    if (isHeld(this.newest)) this.mixedSince = undefined // guard: freshness-mixed
    else this.mixedSince ??= nowMs
    return this.mixedSince !== undefined && nowMs - this.mixedSince > GRACE_MS ? 'HMS_FRESHNESS_MIXED' : undefined
  }
}

/** Proofs of the stable heads of some policies, for a reader that lacks the other heads and so cannot compute the digest of all. */
export class StableHeadProofs {
  private proofs: Readonly<Record<string, StandingProof>> = {}
  private cached: { root: string; isSame: boolean } | undefined

  constructor(private readonly policies: readonly string[]) {}

  replace(proofs: Readonly<Record<string, StandingProof>>): void {
    this.proofs = proofs
    this.cached = undefined
  }

  /** Invalidates the cached result after the heads of the copy have changed. */
  invalidate(): void {
    this.cached = undefined
  }

  /** Whether the statement names exactly these heads. `true` for a statement of an earlier version, which has no tree to check. */
  match({ tree }: FreshnessPredicate, heads: readonly StableHead[]): boolean {
    if (tree === undefined) return true
    if (this.cached?.root !== tree.root) {
      const headsByPolicy = new Map(heads.map((head) => [head.policy, head]))
      const isSame = this.policies.every((id) => provesStableHead(tree, id, headsByPolicy.get(id), this.proofs[id]))
      this.cached = { root: tree.root, isSame }
    }
    return this.cached.isSame
  }
}
