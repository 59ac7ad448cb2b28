import type { Envelope, TokenRecord } from '#libs/contracts'
import { columns, documentTable, deleteExpired, type Transaction } from '#libs/persistence'

export interface StoredToken extends TokenRecord {
  /** Event in which approver issued or revoked the key; it proves the row. Rows of earlier builds have none. */
  signed?: Envelope
}

/** Every service stores every key's record, so that it can identify callers while the broker is down. */
export const TOKENS = documentTable<StoredToken>({
  name: 'token',
  id: (token) => token.id,
  keys: columns({ expiresAt: 'timestamptz' }),
  indexes: [['expires_at']],
})

/** Maximum records; approver issues no more. */
export const MAX_TOKENS = 5_000
/** Retention of an expired key; afterwards its holder gets "unknown" instead of "expired". */
const EXPIRED_RETENTION_MS = 30 * 24 * 60 * 60 * 1000
const DELETE_BATCH = 100

/** Stores a record, and deletes some that expired long ago. A revoked record is never replaced. */
export async function storeToken(tx: Transaction, record: TokenRecord, signed: Envelope): Promise<void> {
  const limit = new Date(tx.now.getTime() - EXPIRED_RETENTION_MS)
  const tokens = tx.documents(TOKENS)
  await deleteExpired(tokens, limit, DELETE_BATCH)
  if (Date.parse(record.expiresAt) < limit.getTime()) return
  if ((await tokens.get(record.id))?.revokedAt == null) await tokens.put({ ...record, signed })
}
