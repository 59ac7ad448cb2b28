import type { IssuedHeads, RollbackResult } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** Rollback committed under an `Idempotency-Key`: a repeated call delivers the same heads and gets the same response. */
export interface CommittedRollback {
  /** Id of the call, derived from its `Idempotency-Key`. */
  key: string
  /** Digest of the request; reusing the key for another request is an error. */
  request: string
  issued: IssuedHeads
  result: Omit<RollbackResult, 'revision' | 'stored'>
  /** `seq` of the issued head, by policy. */
  seqs?: Record<string, number>
}

export const ROLLBACKS = documentTable<CommittedRollback>({
  name: 'rollback',
  id: (rollback) => rollback.key,
  keys: {},
  keep: { for: 'machinery' },
})
