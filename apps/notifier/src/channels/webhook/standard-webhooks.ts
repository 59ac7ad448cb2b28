import { createHmac } from 'node:crypto'
import { parseWebhookSecret } from '../../partners/webhook-secret.js'

export type WebhookHeaders = {
  'webhook-id': string
  'webhook-timestamp': string
  'webhook-signature': string
}

export type SignedWebhook = { ok: true; headers: WebhookHeaders } | { ok: false; detail: string }

/**
 * Signs a webhook: Standard Webhooks 1.0.0, scheme `v1`, HMAC-SHA256 over `id.timestamp.body`, one signature per secret. `timestamp` is the
 * time of the attempt, in whole seconds on the wire. An id with a dot would make the signed bytes ambiguous.
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
  return {
    ok: true,
    headers: { 'webhook-id': message.id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') },
  }
}
