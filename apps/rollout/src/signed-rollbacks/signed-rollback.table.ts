import type { RunDossier } from '#libs/contracts'
import { columns, documentTable } from '#libs/persistence'

/** Rollback signed by people, whose approval is not in the audit log yet. The row is deleted when the head is issued or the run ends. */
export interface SignedRollback {
  /** Digest of its release. */
  release: string
  run: number
  attempt: number
  policy: string
  dossier: RunDossier
  /** Event that delivered the rollback, and the trace of that event. */
  causationId: string
  traceparent: string | null
}

export const SIGNED_ROLLBACKS = documentTable<SignedRollback>({
  name: 'signed_rollback',
  id: ({ release }) => release,
  keys: columns({ run: 'bigint' }),
  indexes: [['run']],
})
