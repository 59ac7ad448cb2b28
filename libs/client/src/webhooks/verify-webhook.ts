import { createHmac, timingSafeEqual, createPublicKey, verify, type KeyObject } from 'node:crypto'
import { optionNames, requireKnownOptions } from '../known-options.js'

const EXPLANATIONS = {
  HMS_WEBHOOK_SECRET_INVALID: 'The secret is neither whsec_ with the base64 of 24 to 64 bytes nor whpk_ with that of 32.',
  HMS_WEBHOOK_HEADER_MISSING: 'A header webhook-id, webhook-timestamp or webhook-signature is missing or given twice.',
  HMS_WEBHOOK_TIMESTAMP_INVALID: 'webhook-timestamp is not a whole number of seconds.',
  HMS_WEBHOOK_TIMESTAMP_TOO_OLD: 'The message was sent too long ago; it may be a replay, or this clock is ahead.',
  HMS_WEBHOOK_TIMESTAMP_TOO_NEW: 'The message comes from the future; this clock may be behind.',
  HMS_WEBHOOK_SIGNATURE_INVALID: 'No signature fits. Compare the secret, and pass the body as received, before any JSON parser.',
  HMS_WEBHOOK_BODY_INVALID: 'The signature fits, but the body is not JSON.',
} as const

export type WebhookErrorCode = keyof typeof EXPLANATIONS

/** Error for a message that does not verify. `status`: status to respond with; the sender retries after any except 2xx, 410 and 429. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
  readonly detail: string
  readonly status = 400
  readonly next = [{ command: 'hms-svc partners deliveries ID' }]

  constructor(readonly code: WebhookErrorCode) {
    super(`${code}: ${EXPLANATIONS[code]}`)
    this.detail = EXPLANATIONS[code]
  }
}

/** Body of a message to a partner. `data.bundle` names every policy that took effect in the same run. */
export type WebhookBody = {
  type: string
  /** Time of the event, RFC 3339; the time of the attempt is in the header. */
  timestamp: string
  data: Record<string, unknown>
}

/** A `Headers` object, or the plain object of Node's `request.headers` or of a framework. */
export type WebhookRequestHeaders = Headers | Record<string, string | readonly string[] | undefined>

export type VerifyWebhookOptions = {
  /** Tolerated difference in ms from the sender's clock, in either direction. Default 5 minutes. */
  toleranceMs?: number
  now?: Date
}

const OPTIONS = optionNames<VerifyWebhookOptions>()('toleranceMs', 'now')

/**
 * Verifies a message by Standard Webhooks 1.0.0, schemes `v1` and `v1a`, and returns its parsed body; throws `WebhookVerificationError`
 * otherwise. The body's schema is not validated, because only the sender can have signed the body. Retries have the same `webhook-id`;
 * handle each id once.
 *
 * @param secret `whsec_…`; or the sender's public key `whpk_…`, for receivers without a secret; or a list of accepted ones
 * @param rawBody the bytes as received, because a body that was parsed and serialised again does not match its signature
 */
export function verifyWebhook<Body = WebhookBody>(
  secret: string | readonly string[],
  headers: WebhookRequestHeaders,
  rawBody: string | Uint8Array,
  options: VerifyWebhookOptions = {},
): Body {
  requireKnownOptions('verifyWebhook', options, OPTIONS)
  const { toleranceMs = 300_000, now = new Date() } = options
  const checks = [secret].flat().map((each) => checkOf(String(each)))
  const id = readHeader(headers, 'webhook-id')
  const timestamp = readHeader(headers, 'webhook-timestamp')
  const signatures = readHeader(headers, 'webhook-signature').split(' ')
  checkTime(timestamp, toleranceMs, now)
  // A framework's parser may have replaced the body.
  if (typeof rawBody !== 'string' && !ArrayBuffer.isView(rawBody)) throw new WebhookVerificationError('HMS_WEBHOOK_SIGNATURE_INVALID')
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), Buffer.from(rawBody)])
  if (!checks.map((check) => check(signed)).some((matches) => signatures.some(matches)))
    throw new WebhookVerificationError('HMS_WEBHOOK_SIGNATURE_INVALID')
  return parseBody(rawBody) as Body
}

export interface SignedWebhookHeaders {
  'webhook-id': string
  'webhook-timestamp': string
  'webhook-signature': string
}

/**
 * Returns the headers with which an installation sends a message, by Standard Webhooks 1.0.0, scheme `v1`. Used in tests of a receiver, and
 * for the request that acknowledges a message. `id` must not contain dots; `timestamp` is sent in whole seconds.
 */
export function signWebhook(
  secret: string,
  { id, timestamp, body }: { id: string; timestamp: Date; body: string | Uint8Array },
): SignedWebhookHeaders {
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(id)) throw new TypeError('a message id has only letters, digits, _ and -')
  const seconds = String(Math.floor(timestamp.getTime() / 1000))
  const mac = createHmac('sha256', decodeSecret(secret)).update(`${id}.${seconds}.`).update(body).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${mac}` }
}

/** Returns a check of whether an entry of the signature list is this key's signature over the bytes, in the key's scheme. */
function checkOf(text: string): (signed: Buffer) => (signature: string) => boolean {
  if (text.startsWith(PREFIX)) {
    const key = decodePublicKey(text)
    return (signed) => (signature) => signature.startsWith('v1a,') && verify(null, signed, key, Buffer.from(signature.slice(4), 'base64'))
  }
  const key = decodeSecret(text)
  return (signed) => {
    const mac = createHmac('sha256', key).update(signed).digest()
    return (signature) => {
      const given = Buffer.from(signature.startsWith('v1,') ? signature.slice(3) : '', 'base64')
      return given.length === mac.length && timingSafeEqual(given, mac)
    }
  }
}

function decodeSecret(secret: string): Buffer {
  const encoded = /^whsec_(.+)$/.exec(secret)?.[1] ?? ''
  const key = Buffer.from(encoded, 'base64')
  // Buffer skips invalid base64; re-encoding detects that.
  if (key.toString('base64') !== encoded || key.length < 24 || key.length > 64)
    throw new WebhookVerificationError('HMS_WEBHOOK_SECRET_INVALID')
  return key
}

function readHeader(headers: WebhookRequestHeaders, name: string): string {
  const values =
    headers instanceof Headers
      ? [headers.get(name)]
      : Object.entries(headers).flatMap(([key, value]) => (key.toLowerCase() === name ? value : []))
  const [value] = values
  if (values.length !== 1 || !value) throw new WebhookVerificationError('HMS_WEBHOOK_HEADER_MISSING')
  return value
}

function checkTime(timestamp: string, toleranceMs: number, now: Date): void {
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError('HMS_WEBHOOK_TIMESTAMP_INVALID')
  const ageMs = now.getTime() - Number(timestamp) * 1000
  if (!(ageMs <= toleranceMs)) throw new WebhookVerificationError('HMS_WEBHOOK_TIMESTAMP_TOO_OLD')
  if (-ageMs > toleranceMs) throw new WebhookVerificationError('HMS_WEBHOOK_TIMESTAMP_TOO_NEW')
}

function parseBody(rawBody: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof rawBody === 'string' ? rawBody : Buffer.from(rawBody).toString('utf8'))
  } catch {
    throw new WebhookVerificationError('HMS_WEBHOOK_BODY_INVALID')
  }
}

const PREFIX = 'whpk_'

/** Decodes `whpk_` and the base64 of the 32 bytes of an Ed25519 public key, as returned by `GET /v1/webhook-keys`. */
function decodePublicKey(text: string): KeyObject {
  const raw = Buffer.from(text.slice(PREFIX.length), 'base64')
  // Buffer skips invalid base64; re-encoding detects that.
  if (raw.length !== 32 || raw.toString('base64') !== text.slice(PREFIX.length))
    throw new WebhookVerificationError('HMS_WEBHOOK_SECRET_INVALID')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' })
}
