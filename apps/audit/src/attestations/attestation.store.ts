import type { StageAttestation } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { DigestedAttestation } from './attestation.js'

/** Stores signed attestations. Rows are never changed or deleted; in PostgreSQL, triggers refuse it. Adapters: PostgreSQL and memory. */
export abstract class AttestationStore {
  /** Adds an attestation; one that is already stored is skipped. */
  abstract add(tx: Transaction, attestation: DigestedAttestation): Promise<void>
  /** Returns the attestations of a run in the order of arrival. */
  abstract ofRun(tx: Transaction, run: number): Promise<StageAttestation[]>
}
