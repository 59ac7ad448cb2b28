import { HmsError } from '#libs/contracts'
import { columns, documentTable, deleteExpired, type Transaction } from '#libs/persistence'
import { digestOf } from '#libs/signing'

/** An accepted signed request. All instances of a service share the table, and it survives a restart. */
interface RequestNonce {
  /** Digest of the nonce: the signer's value may be long, or contain characters that PostgreSQL cannot store. */
  id: string
  expiresAt: string
}

export const REQUEST_NONCES = documentTable<RequestNonce>({
  name: 'request_nonce',
  id: (nonce) => nonce.id,
  keys: columns({ expiresAt: 'timestamptz' }),
  indexes: [['expires_at']],
})

/** Maximum signed requests accepted within two minutes. No nonce is deleted early: with a full table, signed requests are refused. */
const MAX_NONCES = 10_000
const DELETE_BATCH = 50

/** Stores a nonce until `expiresAt`; returns `false` if it was used before. Throws 503 `HMS_AUTH_BUSY` while the table is full. */
export async function spendNonce(tx: Transaction, nonce: string, expiresAt: Date): Promise<boolean> {
  const nonces = tx.documents(REQUEST_NONCES)
  await deleteExpired(nonces, tx.now, DELETE_BATCH)
  if ((await nonces.count()) >= MAX_NONCES) {
    const detail = `${MAX_NONCES} signed requests arrived within two minutes; retry this one in a minute.`
    throw new HmsError('HMS_AUTH_BUSY', detail, { status: 503, retryable: true })
  }
  return nonces.insert({ id: digestOf(Buffer.from(nonce)), expiresAt: expiresAt.toISOString() })
}
