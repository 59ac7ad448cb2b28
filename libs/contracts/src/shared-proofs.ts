import type { ApprovalMember, LogProof, SharedProof } from './log-proof.js'
import { HmsError } from './problem.js'

/** Reference of a release to its approval's proof, in a message that contains each proof once. */
export interface ProofPlace extends ApprovalMember {
  /** Index among the message's proofs. */
  of: number
}

/** Collects the proofs of a message. */
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

/** Returns a referenced proof. Throws `HMS_PROOF_INVALID` if the message does not contain it. */
export function proofAt(proofs: readonly SharedProof[], { of, index, path }: ProofPlace): LogProof {
  const shared = proofs[of]
  if (shared === undefined) throw new HmsError('HMS_PROOF_INVALID', `The message has no proof ${of}.`, { status: 422 })
  return { ...shared, member: { index, path } }
}
