import { HmsError } from './problem.js'

/** Inclusion of an approval in the witnessed log. */
export interface SharedProof {
  /** Log entry as text, byte for byte as hashed. Contains the root of a tree over the releases of the approval. */
  entry: string
  /** C2SP tlog-proof, including the checkpoint and its signatures. */
  proof: string
}

/** Inclusion of a release in the witnessed log. */
export interface LogProof extends SharedProof {
  member: ApprovalMember
}

/** Position of a release in the tree of its approval: leaf index, and RFC 6962 path to the root in the entry. */
export interface ApprovalMember {
  index: number
  /** Hashes in base64, from the leaf up; empty if the approval has one release. */
  path: string[]
}

/** An approval that a published checkpoint covers; one event for all its releases. */
export interface LoggedApproval extends SharedProof {
  /** All releases of the approval, in the order of its tree. */
  releases: LoggedRelease[]
}

export interface LoggedRelease {
  policy: string
  version: string
  digest: string
}

/** Reference of a release to its approval's proof, in a message that contains each proof once. */
export interface ProofPlace extends ApprovalMember {
  /** Index among the message's proofs. */
  of: number
}

/** Collects the proofs of a message, each once. */
export class ProofTable {
  readonly proofs: SharedProof[] = []
  private readonly places = new Map<string, number>()

  add({ entry, proof, member }: LogProof): ProofPlace {
    const name = `${entry}\n${proof}`
    const of = this.places.get(name) ?? this.proofs.push({ entry, proof }) - 1
    this.places.set(name, of)
    return { of, ...member }
  }
}

/** Returns the proof at a reference. Throws `HMS_PROOF_INVALID` if the message does not contain it. */
export function proofAt(proofs: readonly SharedProof[], { of, index, path }: ProofPlace): LogProof {
  const shared = proofs[of]
  if (shared === undefined) throw new HmsError('HMS_PROOF_INVALID', `The message has no proof ${of}.`, { status: 422 })
  return { ...shared, member: { index, path } }
}
