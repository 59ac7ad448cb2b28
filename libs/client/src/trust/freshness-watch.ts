import type { StandingProof } from '#libs/contracts'
import {
  FRESHNESS_EVERY_MS,
  FRESHNESS_LIFE_MS,
  judgeFreshness,
  provesStanding,
  type FreshnessPredicate,
  type StableHead,
} from '#libs/signing'

/** Why a reader cannot confirm that its copy is complete. */
export type Doubt =
  /** The newest known roster has expired, so its trust has not been renewed. */
  | 'HMS_ROSTER_EXPIRED'
  /** No statement of rollout since first contact. */
  | 'HMS_FRESHNESS_MISSING'
  /** The last statement has expired: newer ones are withheld, or rollout is unavailable. */
  | 'HMS_FRESHNESS_EXPIRED'
  /** The last statement is dated far ahead of this reader's time, and there is no valid one: one of the two clocks is wrong. */
  | 'HMS_FRESHNESS_AHEAD'
  /** The statement names other stable heads than the copy: some are withheld, or mixed. */
  | 'HMS_FRESHNESS_MIXED'

/** Whether a statement names exactly the stable heads of the copy. */
export type IsHeld = (statement: FreshnessPredicate) => boolean

/** A head and its statement arrive independently; one may be slightly ahead. */
const GRACE_MS = 2 * FRESHNESS_EVERY_MS

/** Compares the copy with rollout's newest statement on all stable heads. Pure; times in ms. */
export class FreshnessWatch {
  private newest: FreshnessPredicate | undefined
  private contactAt: number | undefined
  private mixedSince: number | undefined
  private ahead = false

  /** Applies a statement. `nowMs` is the time by which it is judged. */
  hear(word: FreshnessPredicate, nowMs: number): 'newer' | 'older' | 'ahead' {
    const verdict = judgeFreshness(word, this.newest, nowMs)
    this.ahead = verdict === 'ahead'
    if (verdict === 'newer') this.newest = word
    return verdict
  }

  /** Returns the doubt, if any. `isHeld`: whether a statement names the heads of the copy. Called at each frame. */
  doubt(isHeld: IsHeld, nowMs: number): Doubt | undefined {
    this.contactAt ??= nowMs
    if (this.newest === undefined) {
      if (this.ahead) return 'HMS_FRESHNESS_AHEAD'
      return nowMs - this.contactAt > FRESHNESS_LIFE_MS ? 'HMS_FRESHNESS_MISSING' : undefined
    }
    if (nowMs >= Date.parse(this.newest.expires)) return this.ahead ? 'HMS_FRESHNESS_AHEAD' : 'HMS_FRESHNESS_EXPIRED'
    if (isHeld(this.newest)) this.mixedSince = undefined
    else this.mixedSince ??= nowMs
    return this.mixedSince !== undefined && nowMs - this.mixedSince > GRACE_MS ? 'HMS_FRESHNESS_MIXED' : undefined
  }
}

/**
 * Proofs, last sent by the server, of the positions of a reader's named policies among all stable heads. Such a reader cannot check the
 * digest over all heads, but it can check the tree in the same statement.
 */
export class StandingProofs {
  private proofs: Readonly<Record<string, StandingProof>> = {}
  private known: { root: string; isSame: boolean } | undefined

  constructor(private readonly policies: readonly string[]) {}

  take(proofs: Readonly<Record<string, StandingProof>>): void {
    this.proofs = proofs
    this.known = undefined
  }

  /** Invalidates the cached result: the heads of the copy have changed. */
  moved(): void {
    this.known = undefined
  }

  /**
   * Whether rollout's statement covers exactly these heads of the policies. A statement of an earlier version has no tree, and is
   * inconclusive.
   */
  match({ tree }: FreshnessPredicate, heads: readonly StableHead[]): boolean {
    if (tree === undefined) return true
    if (this.known?.root !== tree.root) {
      const held = new Map(heads.map((head) => [head.policy, head]))
      const isSame = this.policies.every((id) => provesStanding(tree, id, held.get(id), this.proofs[id]))
      this.known = { root: tree.root, isSame }
    }
    return this.known.isSame
  }
}
