import { PRODUCT } from '#libs/contracts'
import { createHash } from 'node:crypto'

/** Standard Webhooks 1.0.0: 24 to 64 random bytes, shown as `whsec_` and their base64. */
const PREFIX = 'whsec_'

export type WebhookSecret = { ok: true; key: Buffer } | { ok: false; detail: string }

/** Decodes a secret into its HMAC key: the decoded bytes, not the text. The detail never contains any part of the secret. */
export function parseWebhookSecret(text: string): WebhookSecret {
  if (!text.startsWith(PREFIX)) return { ok: false, detail: 'a webhook secret is whsec_ followed by the base64 of 24 to 64 random bytes' }
  const encoded = text.slice(PREFIX.length)
  const key = Buffer.from(encoded, 'base64')
  // Buffer skips characters outside base64; only re-encoding shows whether it skipped any.
  if (key.toString('base64') !== encoded) return { ok: false, detail: 'what follows whsec_ is not padded base64' }
  if (key.length < 24 || key.length > 64) return { ok: false, detail: `the secret has ${key.length} bytes; 24 to 64 are needed` }
  return { ok: true, key }
}

/** Derives an id that names a secret in evidence without revealing it: secrets have at least 24 random bytes. */
export function webhookKeyId(secret: string): string {
  return `sha256:${createHash('sha256').update(`${PRODUCT} webhook key\n${secret}`).digest('hex').slice(0, 16)}`
}
