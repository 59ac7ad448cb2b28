import type { StageAttestation } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { ToldAttestation } from './attestation.js'

/** Attestations as signed: rows are added and read, never changed. Adapters: PostgreSQL, where triggers refuse all else, and memory. */
export interface AttestationStore {
  /** Adds an attestation; one that is already stored is skipped. */
  keep(tx: Transaction, attestation: ToldAttestation): Promise<void>
  /** Returns the attestations of a run in the order of arrival. */
  ofRun(tx: Transaction, run: number): Promise<StageAttestation[]>
}

/** Injection token of the chosen adapter. */
export const ATTESTATION_STORE = Symbol('AttestationStore')
