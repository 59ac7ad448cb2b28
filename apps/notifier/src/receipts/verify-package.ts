import { timingSafeEqual } from 'node:crypto'
import { isObject, type Json, type JsonObject } from '#libs/contracts'
import { packageSignature } from '../channels/a2a/a2a-package.js'
import { webhookKeyId } from '../partners/webhook-key-id.js'
import { isNear, type VerifiedCallback } from './verify-callback.js'

/**
 * Verifies the partner's package, signed as we sign ours: HMAC-SHA256 in hex over its JCS form (RFC 8785) without `sig`. The signed time is
 * `meta.ts`.
 */
export function verifyPackage(secret: string, body: Buffer, now: Date): VerifiedCallback {
  const { sig, ...unsigned } = objectOf(body)
  if (typeof sig !== 'string') return { ok: false, detail: 'The package has no sig: sign it as our packages are signed.' }
  const { ts } = (unsigned['meta'] ?? {}) as { ts?: unknown }
  if (typeof ts !== 'string' || !isNear(Date.parse(ts), now)) {
    return { ok: false, detail: 'meta.ts is more than five minutes away; the clock of the sender may be wrong.' }
  }
  const [given, wanted] = [Buffer.from(sig), Buffer.from(signatureOf(unsigned, secret))]
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return { ok: true, keyId: webhookKeyId(secret) }
  return { ok: false, detail: 'sig does not fit. Sign the JCS form of the package without sig, with the secret of this channel.' }
}

/** Parses a JSON object; empty for anything else, which has no signature either. */
function objectOf(body: Buffer): JsonObject {
  try {
    const value = JSON.parse(body.toString()) as Json
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** Returns the expected signature, or an empty one for a value without a JCS form, which matches no signature. */
function signatureOf(unsigned: JsonObject, secret: string): string {
  try {
    return packageSignature(unsigned, secret)
  } catch {
    return 'none'.padEnd(64, ' ')
  }
}
