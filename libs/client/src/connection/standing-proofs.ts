import type { StandingProof } from '#libs/contracts'
import { provesStanding, type FreshnessPredicate, type StableHead } from '#libs/signing'

/**
 * Where the policies of a reader of a few stand among all stable heads, as its server proved last. The digest over all heads says nothing
 * to it; the tree in the same statement does.
 */
export class StandingProofs {
  private proofs: Readonly<Record<string, StandingProof>> = {}
  private known: { root: string; isSame: boolean } | undefined

  constructor(private readonly policies: readonly string[]) {}

  take(proofs: Readonly<Record<string, StandingProof>>): void {
    this.proofs = proofs
    this.known = undefined
  }

  /** Other heads are held than before. */
  moved(): void {
    this.known = undefined
  }

  /** Whether rollout's statement speaks of just these heads of the policies. One of an earlier version has no tree, and says nothing. */
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
