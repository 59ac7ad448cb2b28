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

/** A message that does not verify. `status` is the response for the sender: any status except 2xx, 410 and 429 makes it retry. */
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
