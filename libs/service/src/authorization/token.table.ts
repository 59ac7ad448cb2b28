import type { Envelope, TokenRecord } from '#libs/contracts'
import { documentTable, forgetExpired, type Transaction } from '#libs/persistence'

/** A record as a service keeps it. */
export interface StoredToken extends TokenRecord {
  /** The event of approver that made or revoked it: the row is believed by it. Rows of builds before have none. */
  signed?: Envelope
}

/** Every service keeps every key's record, so that it can tell who asks while the broker is down. */
export const TOKENS = documentTable<StoredToken>({
  name: 'token',
  id: (token) => token.id,
  keys: { expires_at: { type: 'timestamptz', of: (token) => token.expiresAt } },
  indexes: [['expires_at']],
})

/** Records in a table at most; approver issues no more. */
export const MAX_TOKENS = 5_000
/** A key that expired this long ago is forgotten: its holder hears "unknown" instead of "expired". */
const FORGOTTEN_AFTER_MS = 30 * 24 * 60 * 60 * 1000
const FORGOTTEN_AT_ONCE = 100

/** Stores a record, and forgets some that expired long ago. A revoked record is never replaced. */
export async function keepToken(tx: Transaction, record: TokenRecord, signed: Envelope): Promise<void> {
  const limit = new Date(tx.now.getTime() - FORGOTTEN_AFTER_MS)
  const tokens = tx.documents(TOKENS)
  await forgetExpired(tokens, limit, FORGOTTEN_AT_ONCE)
  if (Date.parse(record.expiresAt) < limit.getTime()) return
  if ((await tokens.get(record.id))?.revokedAt == null) await tokens.put({ ...record, signed })
}
