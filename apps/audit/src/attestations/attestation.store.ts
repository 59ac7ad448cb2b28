import type { StageAttestation } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { ToldAttestation } from './attestation.js'

/** Attestations as signed: rows are added and read, never changed. Adapters: PostgreSQL, where triggers refuse all else, and memory. */
export abstract class AttestationStore {
  /** Adds an attestation; one that is already stored is skipped. */
  abstract keep(tx: Transaction, attestation: ToldAttestation): Promise<void>
  /** Returns the attestations of a run in the order of arrival. */
  abstract ofRun(tx: Transaction, run: number): Promise<StageAttestation[]>
}
