import type { StandingProof } from '#libs/contracts'
import { stableDigest, StableTree, type StableHead } from '#libs/signing'

/** Set of policies that a reader subscribes to. Readers with the same set get the same frames. */
export class Subset {
  readonly ids: readonly string[]
  readonly key: string

  constructor(ids: readonly string[]) {
    this.ids = [...new Set(ids)].sort()
    this.key = this.ids.join()
  }

  /** Creates a subset; `undefined` for a reader of all policies. */
  static of(ids: readonly string[] | undefined): Subset | undefined {
    return ids === undefined ? undefined : new Subset(ids)
  }
}

/** All stable heads at one revision, with their digest as in a freshness statement and the proofs for a few of them. */
export class StableHeads {
  private cachedDigest: string | undefined
  private tree: StableTree | undefined
  private readonly proofs = new Map<string, StandingProof>()

  constructor(private readonly heads: readonly StableHead[]) {}

  get digest(): string {
    return (this.cachedDigest ??= stableDigest(this.heads))
  }

  /** Returns a proof for each policy of a reader; each proof is computed once for all readers. */
  proofsFor({ ids }: Subset): Record<string, StandingProof> {
    return Object.fromEntries(ids.map((id) => [id, this.proofOf(id)]))
  }

  private proofOf(id: string): StandingProof {
    const known = this.proofs.get(id)
    if (known !== undefined) return known
    const proof = (this.tree ??= new StableTree(this.heads)).proofOf(id)
    // The number of requested ids is unbounded: a reader may name policies that never exist.
    if (this.proofs.size < this.heads.length * 2) this.proofs.set(id, proof)
    return proof
  }
}
