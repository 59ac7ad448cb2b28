import type { StandingProof } from '#libs/contracts'
import { provesStanding, type FreshnessPredicate, type StableHead } from '#libs/signing'

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
