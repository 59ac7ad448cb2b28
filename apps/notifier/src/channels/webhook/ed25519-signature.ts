import type { Signer } from '#libs/signing'
import type { WebhookHeaders } from './standard-webhooks.js'

/**
 * Appends an Ed25519 signature to the headers: Standard Webhooks 1.0.0, scheme `v1a`, over the bytes of `v1`, so a receiver may check
 * either. The key is notifier's own: its other signatures cover bytes that begin with `DSSEv1 `, and an id has no space.
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
