/** One try of one delivery. */
export type WebhookAttempt = {
  url: string
  /** `whsec_…`, newest first; while a secret is rotated the old one follows and both sign. */
  secrets: readonly string[]
  networks: readonly string[]
  /** The same on every try: the partner's key against doubles. Letters, digits, `_` and `-`. */
  id: string
  /** The bytes that are signed and sent, the same on every try. */
  body: Buffer
  /** When this try is made, not when the policy changed. */
  timestamp: Date
}

/**
 * What a try came to; it is also the evidence for when a partner knew.
 * - `delivered`: a 2xx status.
 * - `retry`: no answer, or any other status; redirects are not followed and count here.
 * - `gone`: 410, the partner wants no more calls on this channel.
 * - `refused`: nothing was sent, because our own rules forbid the address or the message cannot be signed.
 */
export type Outcome = {
  kind: 'delivered' | 'retry' | 'gone' | 'refused'
  status?: number
  latencyMs: number
  /** At most the first 4 KiB of the answer. */
  reply?: string
  detail?: string
  /** What the partner asked for, not yet capped. */
  retryAfterMs?: number
  timedOut?: boolean
}

/** Never rejects: any failure is an outcome, so that a try is always booked. */
export interface WebhookSender {
  send(attempt: WebhookAttempt, signal: AbortSignal): Promise<Outcome>
  close(): Promise<void>
}

/** Under which the module provides the sender. */
export const WEBHOOK_SENDER = Symbol('WebhookSender')
