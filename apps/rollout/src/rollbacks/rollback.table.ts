import type { IssuedHeads, RollbackResult } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** A rollback that was committed under an `Idempotency-Key`: the same call again delivers the same heads and answers the same. */
export interface CommittedRollback {
  /** Id of the call under its key. */
  key: string
  /** Digest of the request: the key with another request is a mistake. */
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
