import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { WebhookVerificationError } from './webhook-verification-error.js'

const PREFIX = 'whpk_'
const RAW_BYTES = 32

export function isPublicKey(text: string): boolean {
  return text.startsWith(PREFIX)
}

/** Decodes `whpk_` and the base64 of the 32 bytes of an Ed25519 public key, as returned by `GET /v1/webhook-keys`. */
export function decodePublicKey(text: string): KeyObject {
  const raw = Buffer.from(text.slice(PREFIX.length), 'base64')
  // Buffer skips invalid base64; re-encoding detects that.
  if (raw.length !== RAW_BYTES || raw.toString('base64') !== text.slice(PREFIX.length)) {
    throw new WebhookVerificationError('HMS_WEBHOOK_SECRET_INVALID')
  }
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' })
}

/** Whether an entry of `webhook-signature` is one of scheme `v1a` by this key. Entries of other schemes are skipped. */
export function isSignedBy(key: KeyObject, signature: string, signed: Buffer): boolean {
  const encoded = /^v1a,(.+)$/.exec(signature)?.[1]
  return encoded !== undefined && verify(null, signed, key, Buffer.from(encoded, 'base64'))
}
