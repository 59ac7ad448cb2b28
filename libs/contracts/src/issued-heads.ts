import type { Envelope } from './envelope.js'
import type { HeldRelease, SignedHead } from './heads.js'
import type { SharedProof } from './log-proof.js'
import { proofAt, ProofTable, type ProofPlace } from './shared-proofs.js'

/**
 * Heads as canary-controller and rollout hand them to config-store on every path: stored together, under one revision, so that no reader
 * ever sees half a bundle. The proof of an approval travels once, however many releases it is of.
 */
export interface IssuedHeads {
  heads: IssuedHead[]
  proofs: SharedProof[]
  /** Why they were issued: a `Change`, signed by rollout for these heads. For the store's history alone; readers never get it. */
  change?: Envelope
}

export interface IssuedHead {
  head: Envelope
  /** The release the head makes current; `null` when it names none. */
  release: Envelope | null
  /** `null` where the roster names no log. */
  proof?: ProofPlace | null
  next?: IssuedNext | null
}

export interface IssuedNext {
  release: Envelope
  proof?: ProofPlace | null
}

export function packHeads(heads: readonly SignedHead[]): IssuedHeads {
  const table = new ProofTable()
  const packed = <T extends HeldRelease | SignedHead>(one: T) => ({ ...one, proof: one.proof == null ? null : table.add(one.proof) })
  const issued = heads.map(({ next, ...head }) => ({ ...packed(head), ...(next == null ? {} : { next: packed(next) }) }))
  return { heads: issued, proofs: table.proofs }
}

/** Throws `HMS_PROOF_INVALID` for heads that name a proof which is not there. */
export function openHeads({ heads, proofs }: IssuedHeads): SignedHead[] {
  const opened = <T extends IssuedHead | IssuedNext>(one: T) => ({ ...one, proof: one.proof == null ? null : proofAt(proofs, one.proof) })
  return heads.map(({ next, ...head }) => ({ ...opened(head), ...(next == null ? {} : { next: opened(next) }) }))
}
