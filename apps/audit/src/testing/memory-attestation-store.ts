import type { StageAttestation } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { memoryOf, type MemoryRows } from '#libs/persistence/testing'
import type { DigestedAttestation } from '../attestations/attestation.js'
import type { AttestationStore } from '../attestations/attestation.store.js'

export class MemoryAttestationStore implements AttestationStore {
  async add(tx: Transaction, { digest, ...attestation }: DigestedAttestation): Promise<void> {
    if (rowsOf(tx).get(digest) === undefined) rowsOf(tx).set(digest, attestation)
  }

  async ofRun(tx: Transaction, run: number): Promise<StageAttestation[]> {
    return rowsOf(tx)
      .values()
      .filter((attestation) => attestation.run === run)
  }
}

function rowsOf(tx: Transaction): MemoryRows<StageAttestation> {
  return memoryOf(tx).rows<StageAttestation>('attestation')
}
