import type { StandingProof } from '#libs/contracts'
import { stableDigest, StableTree, type StableHead } from '#libs/signing'
import type { Subset } from './subset.js'

/** All stable heads as they were at one revision: what a freshness statement on them says, and what it says of a few. */
export class Standing {
  private known: string | undefined
  private tree: StableTree | undefined
  private readonly proofs = new Map<string, StandingProof>()

  constructor(private readonly heads: readonly StableHead[]) {}

  get digest(): string {
    return (this.known ??= stableDigest(this.heads))
  }

  /** A proof for each policy of a reader, made once for all readers. */
  of({ ids }: Subset): Record<string, StandingProof> {
    return Object.fromEntries(ids.map((id) => [id, this.proofOf(id)]))
  }

  private proofOf(id: string): StandingProof {
    const known = this.proofs.get(id)
    if (known !== undefined) return known
    const proof = (this.tree ??= new StableTree(this.heads)).proofOf(id)
    // Of other ids there is no end: a reader may name what never comes to be.
    if (this.proofs.size < this.heads.length * 2) this.proofs.set(id, proof)
    return proof
  }
}
