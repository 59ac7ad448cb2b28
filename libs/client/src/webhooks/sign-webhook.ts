import { createHmac } from 'node:crypto'
import { decodeSecret } from './verify-webhook.js'

export interface SignedWebhookHeaders {
  'webhook-id': string
  'webhook-timestamp': string
  'webhook-signature': string
}

/**
 * Returns the headers under which this installation would send a message, by Standard Webhooks 1.0.0, scheme `v1`: for tests of a receiver,
 * and for the call that acknowledges a message. `id` must not contain dots; `timestamp` is in whole seconds on the wire.
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
