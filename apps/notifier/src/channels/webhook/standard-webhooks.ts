import { createHmac } from 'node:crypto'
import { parseWebhookSecret } from '../../partners/webhook-secret.js'
import type { Signer } from '#libs/signing'

export type WebhookHeaders = { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string }

export type SignedWebhook = { ok: true; headers: WebhookHeaders } | { ok: false; detail: string }

/**
 * Signs a webhook: Standard Webhooks 1.0.0, scheme `v1`, HMAC-SHA256 over `id.timestamp.body`, one signature per secret. `timestamp` is the
 * time of the attempt, in whole seconds on the wire. An id with a dot would make the signed bytes ambiguous, so it is refused.
 */
export function signWebhook(message: { id: string; timestamp: Date; body: Buffer; secrets: readonly string[] }): SignedWebhook {
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(message.id)) return { ok: false, detail: 'a message id has only letters, digits, _ and -' }
  if (message.secrets.length === 0) return { ok: false, detail: 'the partner has no webhook secret' }
  const seconds = String(Math.floor(message.timestamp.getTime() / 1000))
  const signatures: string[] = []
  for (const text of message.secrets) {
    const secret = parseWebhookSecret(text)
    if (!secret.ok) return secret
    const mac = createHmac('sha256', secret.key).update(`${message.id}.${seconds}.`).update(message.body)
    signatures.push(`v1,${mac.digest('base64')}`)
  }
  return { ok: true, headers: { 'webhook-id': message.id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') } }
}

/**
 * Appends an Ed25519 signature over the bytes of `v1`: Standard Webhooks 1.0.0, scheme `v1a`; receivers may check either. No other bytes
 * that the key signs can match: statements and files begin with `DSSEv1 ` or `SSHSIG` and a NUL, and message ids have no space or NUL.
 */
export async function withEd25519(headers: WebhookHeaders, body: Uint8Array, signer: Signer): Promise<WebhookHeaders> {
  const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body])
  const signature = Buffer.from(await signer.sign(signed)).toString('base64')
  return { ...headers, 'webhook-signature': `${headers['webhook-signature']} v1a,${signature}` }
}

/** Formats a public key for receivers: `whpk_` and the base64 of the 32 raw bytes. */
export function webhookPublicKey(raw: Uint8Array): string {
  return `whpk_${Buffer.from(raw).toString('base64')}`
}
