import type { Envelope } from './envelope.js'
import type { HeldRelease, SignedHead } from './heads.js'
import { proofAt, type ProofPlace, ProofTable, type SharedProof } from './log-proof.js'

/** Heads sent to config-store by event or `POST /v1/heads`, stored under one revision, so that no reader sees part of a bundle. */
export interface IssuedHeads {
  heads: IssuedHead[]
  proofs: SharedProof[]
  /** Reason for issuing the heads: a `Change`, signed by rollout. config-store keeps it in its history and does not send it to readers. */
  change?: Envelope
}

export interface IssuedHead {
  head: Envelope
  /** Release that the head makes current; `null` if it names none. */
  release: Envelope | null
  /** `null` if the roster names no log. */
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

/** Returns the heads with their proofs. Throws `HMS_PROOF_INVALID` if a head names a missing proof. */
export function openHeads({ heads, proofs }: IssuedHeads): SignedHead[] {
  const opened = <T extends IssuedHead | IssuedNext>(one: T) => ({ ...one, proof: one.proof == null ? null : proofAt(proofs, one.proof) })
  return heads.map(({ next, ...head }) => ({ ...opened(head), ...(next == null ? {} : { next: opened(next) }) }))
}
