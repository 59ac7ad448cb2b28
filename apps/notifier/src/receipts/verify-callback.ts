import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { parseWebhookSecret, webhookKeyId } from '../partners/webhook-secret.js'
import { isObject, jsonIn, type Json, type JsonObject } from '#libs/contracts'
import { packageSignature } from '../channels/a2a/send-a2a.js'

const TOLERANCE_MS = 300_000

export type VerifiedCallback = { ok: true; keyId: string } | { ok: false; detail: string }

/** Verifies the partner's call, signed as we sign ours: Standard Webhooks 1.0.0, scheme `v1`, with one of the valid secrets. */
export function verifyCallback(secrets: readonly string[], headers: IncomingHttpHeaders, body: Buffer, now: Date): VerifiedCallback {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) => headers[`webhook-${name}`])
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string')
    return { ok: false, detail: 'The call has no webhook-id, webhook-timestamp or webhook-signature: sign it as our webhooks are signed.' }
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN
  if (!isWithinTolerance(seconds * 1000, now))
    return { ok: false, detail: 'webhook-timestamp is more than five minutes off; the clock of the sender may be wrong.' }
  for (const text of secrets) {
    const secret = parseWebhookSecret(text)
    if (!secret.ok) continue
    const mac = createHmac('sha256', secret.key).update(`${id}.${timestamp}.`).update(body).digest()
    if (signatures.split(' ').some((signature) => matches(signature, mac))) return { ok: true, keyId: webhookKeyId(text) }
  }
  return { ok: false, detail: 'No signature matches. Sign the body as it is sent, with the secret of this webhook.' }
}

/** Whether a time is within the tolerance, before or after `now`, as receivers check our calls. */
export function isWithinTolerance(atMs: number, now: Date): boolean {
  return Math.abs(now.getTime() - atMs) <= TOLERANCE_MS // guard: receipt-time
}

function matches(signature: string, mac: Buffer): boolean {
  const given = Buffer.from(/^v1,(.+)$/.exec(signature)?.[1] ?? '', 'base64')
  return given.length === mac.length && timingSafeEqual(given, mac)
}

/** Verifies a package signed as ours: hex HMAC-SHA256 over its JCS (RFC 8785) without `sig`. Its time is `meta.ts`. */
export function verifyPackage(secret: string, body: Buffer, now: Date): VerifiedCallback {
  const { sig, ...unsigned } = objectOf(body)
  if (typeof sig !== 'string') return { ok: false, detail: 'The package has no sig: sign it as our packages are signed.' }
  const { ts } = (unsigned['meta'] ?? {}) as { ts?: unknown }
  if (typeof ts !== 'string' || !isWithinTolerance(Date.parse(ts), now))
    return { ok: false, detail: 'meta.ts is more than five minutes off; the clock of the sender may be wrong.' }
  const [given, expected] = [Buffer.from(sig), Buffer.from(signatureOf(unsigned, secret))]
  // guard: receipt-package
  if (given.length === expected.length && timingSafeEqual(given, expected)) return { ok: true, keyId: webhookKeyId(secret) }
  return { ok: false, detail: 'sig does not match. Sign the JCS form of the package without sig, with the secret of this channel.' }
}

/** Parses a JSON object; anything else becomes `{}`, which has no `sig`. */
function objectOf(body: Buffer): JsonObject {
  const value = jsonIn(body.toString()) as Json | undefined
  return isObject(value) ? value : {}
}

/** Returns the expected signature. For a value without a JCS form: 64 characters that are no signature, so that none matches. */
function signatureOf(unsigned: JsonObject, secret: string): string {
  try {
    return packageSignature(unsigned, secret)
  } catch {
    return 'none'.padEnd(64, ' ')
  }
}
