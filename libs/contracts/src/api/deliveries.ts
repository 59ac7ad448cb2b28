export const DELIVERY_STATES = ['pending', 'delivered', 'dead', 'superseded'] as const
/** `delivered` is what the partner's server said; whether anybody took the message up is `acknowledgedAt`. */
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/**
 * How a partner acknowledged: a signed call to the receipt's address, `acknowledged` in the answer to a webhook, an `.ack` file beside what
 * lies on its SFTP server, or a person who pressed the button behind the link in a mail.
 */
export type ReceiptWay = 'callback' | 'reply' | 'file' | 'link'

/** A policy that a message tells of; `digest` is the policy digest. */
export interface ToldPolicy {
  policy: string
  version: string
  digest: string
}

/** `GET /v1/deliveries`: one message to one partner on one channel. */
export interface DeliveryView {
  id: string
  /** `webhook-id`: the same on every try, also when it is redriven. */
  messageId: string
  partner: string
  run: number
  /** The first, where the message tells of a bundle. */
  policy: string
  version: string
  /** `ID@VERSION` of every policy that it tells of. */
  bundle: string[]
  channel: string
  state: DeliveryState
  attempts: number
  lastStatus: number | null
  lastDetail: string | null
  nextAttemptAt: string | null
  /** When the partner's side took it first. */
  deliveredAt: string | null
  acknowledgedAt: string | null
  acknowledgedBy: ReceiptWay | null
  createdAt: string
}

/** What is kept of a try: the evidence for when a partner knew. */
export interface DeliveryTry {
  at: string
  status: number | null
  latencyMs: number
  detail: string | null
  /** The first 4 KiB of the answer. */
  reply: string | null
  /** IP address that the name resolved to, and that was called. */
  address: string | null
  /** SHA-256 of the certificate that the other side showed. */
  tlsFingerprint: string | null
  /** Of the secret that signed. */
  keyId: string | null
}

export interface DeliveryRedrive {
  at: string
  by: string
  reason: string
}

/** `GET /v1/deliveries/{id}`. */
export interface DeliveryDetail extends DeliveryView {
  /** Policy digest of `version`. */
  digest: string
  /** `ID@VERSION` of what it replaces for the partner. */
  supersedes: string[]
  /** The text that is signed and sent, without the token of its receipt. */
  body: string
  /** The last 20, oldest first. */
  tries: DeliveryTry[]
  /** The last 20, oldest first. */
  redrives: DeliveryRedrive[]
}

/** Query of `GET /v1/deliveries`: the newest first; the next page is asked for with `before` = the last id. */
export interface DeliveriesFilter {
  partner?: string
  run?: number
  policy?: string
  version?: string
  state?: DeliveryState
  /** Only those made at this time (RFC 3339) or later. */
  since?: string
  before?: string
  limit?: number
}

/** `POST /v1/deliveries/{id}/redrive`. */
export interface RedriveRequest {
  reason: string
}

/** `POST /v1/deliveries/redrive`: what was given up, of these partners, policies and versions, in this time. */
export interface RedriveManyRequest extends RedriveRequest {
  partner?: string
  policy?: string
  version?: string
  /** Given up at this time (RFC 3339) or later. */
  since?: string
  /** Given up before this time. */
  until?: string
}

export interface RedriveResult {
  redriven: DeliveryView[]
  /** Left alone, and why. */
  skipped: { id: string; detail: string }[]
  /** There are further ones: ask again. */
  more: boolean
}

/** `GET` and `POST /v1/receipts/{token}`. */
export interface ReceiptView {
  partner: string
  /** The first, where the message tells of a bundle. */
  policy: string
  version: string
  /** `ID@VERSION` of every policy that it tells of. */
  bundle: string[]
  messageId: string
  /** `null`: not yet. */
  acknowledgedAt: string | null
  /** Whether a call must be signed with the partner's secret: a link in a mail needs none. */
  signed: boolean
}

/** In place of its run, where a message is of none. */
export const NO_RUN = 0

/** Name of the mail to the `contact` of a partner, which tells of what no channel took. */
export const CONTACT = 'contact'

/** What events say of a delivery. */
export interface DeliveryFacts {
  delivery: string
  message: string
  partner: string
  channel: string
  policy: string
  version: string
  /** Policy digest. */
  digest: string
  /** All that the message tells of, where a bundle has several; the three above are of the first. */
  policies?: ToldPolicy[]
  run: number
  at: string
}
