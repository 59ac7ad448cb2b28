import type { IssuedHeads, RollbackResult } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** Rollback committed under an `Idempotency-Key`: a repeated call delivers the same heads and gets the same response. */
export interface CommittedRollback {
  /** Id of the call under its key. */
  key: string
  /** Digest of the request: the key with another request is an error. */
  request: string
  issued: IssuedHeads
  result: Omit<RollbackResult, 'revision' | 'stored'>
  /** Numbers of the heads, by policy. */
  seqs?: Record<string, number>
}

export const ROLLBACKS = documentTable<CommittedRollback>({
  name: 'rollback',
  id: (rollback) => rollback.key,
  keys: {},
  keep: { for: 'machinery' },
})
