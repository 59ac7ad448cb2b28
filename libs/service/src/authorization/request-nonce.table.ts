import { HmsError } from '#libs/contracts'
import { documentTable, forgetExpired, type Transaction } from '#libs/persistence'
import { digestOf } from '#libs/signing'

/** A signed request that was accepted. Every instance of a service sees the same table, and a restart forgets nothing. */
interface RequestNonce {
  /** Digest of the nonce: what a signer chose may be long, or hold what PostgreSQL cannot. */
  id: string
  /** Until when the request itself would count. */
  expiresAt: string
}

export const REQUEST_NONCES = documentTable<RequestNonce>({
  name: 'request_nonce',
  id: (nonce) => nonce.id,
  keys: { expires_at: { type: 'timestamptz', of: (nonce) => nonce.expiresAt } },
  indexes: [['expires_at']],
})

/** Accepted requests of two minutes. None is forgotten early: beyond this many, signed requests wait. */
const MAX_REMEMBERED = 10_000
const FORGOTTEN_AT_ONCE = 50

/** Remembers a nonce until `expiresAt`; `false` when it was used before. Throws 503 `HMS_AUTH_BUSY` while too many are remembered. */
export async function spendNonce(tx: Transaction, nonce: string, expiresAt: Date): Promise<boolean> {
  const nonces = tx.documents(REQUEST_NONCES)
  await forgetExpired(nonces, tx.now, FORGOTTEN_AT_ONCE)
  if ((await nonces.count()) >= MAX_REMEMBERED) {
    throw new HmsError('HMS_AUTH_BUSY', `${MAX_REMEMBERED} signed requests came within two minutes; send this one again in a minute.`, {
      status: 503,
      retryable: true,
    })
  }
  return nonces.insert({ id: digestOf(Buffer.from(nonce)), expiresAt: expiresAt.toISOString() })
}
