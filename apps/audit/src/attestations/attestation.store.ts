import type { StageAttestation } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { ToldAttestation } from './attestation.js'

/**
 * Attestations as they were signed: rows are added and read, never changed. Twins: PostgreSQL, where triggers refuse all else, and memory.
 */
export interface AttestationStore {
  /** One that is there already is passed over. */
  keep(tx: Transaction, attestation: ToldAttestation): Promise<void>
  /** In the order in which they came. */
  ofRun(tx: Transaction, run: number): Promise<StageAttestation[]>
}

/** Under which the module provides the twin it chose. */
export const ATTESTATION_STORE = Symbol('AttestationStore')
