import type { StageAttestation } from '#libs/contracts'
import { postgresOf, type Transaction } from '#libs/persistence'
import type { DigestedAttestation } from './attestation.js'
import type { AttestationStore } from './attestation.store.js'

/** `run` is a bigint, which the driver returns as a string. */
type Row = Omit<StageAttestation, 'run'> & { run: string | null }

/** Limit of attestations read at once: far more than one attempt has, because people retry a run. */
const MAX_READ = 1_000

export class PostgresAttestationStore implements AttestationStore {
  async add(tx: Transaction, { digest, run, attempt, source, type, envelope }: DigestedAttestation): Promise<void> {
    const { schema } = postgresOf(tx)
    await postgresOf(tx).write(
      `INSERT INTO ${schema}.attestation (digest, run, attempt, source, type, envelope) VALUES ($1, $2, $3, $4, $5, $6) ON
         CONFLICT (digest) DO NOTHING`,
      [digest, run, attempt, source, type, JSON.stringify(envelope)],
    )
  }

  async ofRun(tx: Transaction, run: number): Promise<StageAttestation[]> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<Row>(
      `SELECT run, attempt, source, type, envelope FROM ${schema}.attestation WHERE run = $1 ORDER BY nth LIMIT ${MAX_READ}`,
      [run],
    )
    return rows.map((row) => ({ ...row, run: row.run === null ? null : Number(row.run) }))
  }
}
