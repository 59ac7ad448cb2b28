import { jsonIn } from '../canonical-json.js'

/** Types of messages about policies, with the intent that each states. */
export const POLICY_INTENTS = {
  'policy.announced': 'policy-announcement',
  'policy.updated': 'policy-update',
  'policy.rolled-back': 'policy-rollback',
  'policy.withdrawn': 'policy-withdrawal',
}
export type PolicyEventType = keyof typeof POLICY_INTENTS

export const DELIVERY_STATES = ['pending', 'delivered', 'dead', 'superseded'] as const
/** State of a delivery. `delivered`: the partner's server accepted the message. Only `acknowledgedAt` shows that it was processed. */
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/**
 * Method of a partner's acknowledgement: a signed call to the receipt URL, `acknowledged` in the response to a webhook, an `.ack` file next
 * to the file on its SFTP server, or the button on the page that a mail links to.
 */
export type ReceiptWay = 'callback' | 'reply' | 'file' | 'link'

/** `meta` marks a package of the integration layer. */
type WebhookReply = { acknowledged?: unknown; meta?: unknown; data?: { acknowledged?: unknown } | null }

/**
 * Whether the body of a 2xx response to a webhook acknowledges the message: a JSON object whose `acknowledged` is `true` or the id of the
 * message; a package of the integration layer has it in its `data`. A response that repeats the body of the message does not.
 */
export function replyAcknowledges(body: string, messageId: string): boolean {
  const reply = jsonIn(body) as WebhookReply | null | undefined
  const acknowledged = reply?.acknowledged ?? (reply?.meta === undefined ? undefined : reply.data?.acknowledged)
  return acknowledged === true || acknowledged === messageId
}

/** A policy named in a message. */
export interface ToldPolicy {
  policy: string
  version: string
  /** Policy digest. */
  digest: string
}

/** Response of `GET /v1/deliveries`: one message to one partner on one channel. */
export interface DeliveryView {
  id: string
  /** `webhook-id`: the same for every attempt, including redeliveries. */
  messageId: string
  partner: string
  run: number
  /** The first policy, if the message is about a bundle. */
  policy: string
  version: string
  /** `ID@VERSION` of every policy in the message. */
  bundle: string[]
  channel: string
  state: DeliveryState
  attempts: number
  lastStatus: number | null
  lastDetail: string | null
  nextAttemptAt: string | null
  /** When the partner's server first accepted the message. */
  deliveredAt: string | null
  /** `null` until acknowledged. */
  acknowledgedAt: string | null
  acknowledgedBy: ReceiptWay | null
  createdAt: string
}

/** Record of one attempt: the evidence for when a partner was notified. */
export interface DeliveryTry {
  at: string
  /** HTTP or SMTP status. */
  status: number | null
  latencyMs: number
  detail: string | null
  /** First 4 KiB of the response. */
  reply: string | null
  /** IP address that the name resolved to, and to which the connection was made. */
  address: string | null
  /** SHA-256 of the server's certificate. */
  tlsFingerprint: string | null
  /** Id of the secret that signed. */
  keyId: string | null
}

export interface DeliveryRedrive {
  at: string
  by: string
  reason: string
}

/** Response of `GET /v1/deliveries/{id}`. */
export interface DeliveryDetail extends DeliveryView {
  /** Policy digest of `version`. */
  digest: string
  /** `ID@VERSION` of the releases that the message replaces for the partner. */
  supersedes: string[]
  /** Signed text of the message, without the token of its receipt. */
  body: string
  /** The last 20, oldest first. */
  tries: DeliveryTry[]
  /** The last 20, oldest first. */
  redrives: DeliveryRedrive[]
}

/** Query of `GET /v1/deliveries`, newest first. For the next page, pass the last id of this one as `before`. */
export interface DeliveriesFilter {
  partner?: string
  run?: number
  policy?: string
  version?: string
  state?: DeliveryState
  /** Only deliveries created at this time (RFC 3339) or later. */
  since?: string
  before?: string
  limit?: number
}

/** Body of `POST /v1/deliveries/redrive`: redelivers dead-lettered messages of these partners, policies and versions in this period. */
export interface RedriveManyRequest {
  reason: string
  partner?: string
  policy?: string
  version?: string
  /** Dead-lettered at this time (RFC 3339) or later. */
  since?: string
  /** Dead-lettered before this time. */
  until?: string
}

export interface RedriveResult {
  redriven: DeliveryView[]
  /** Deliveries not redriven, with the reason. */
  skipped: { id: string; detail: string }[]
  /** More deliveries match; repeat the request. */
  more: boolean
}

/** Response of `GET` and `POST /v1/receipts/{token}`. */
export interface ReceiptView extends Pick<DeliveryView, 'partner' | 'policy' | 'version' | 'bundle' | 'messageId' | 'acknowledgedAt'> {
  /** Whether a call must be signed with the partner's secret; a link in a mail needs no signature. */
  signed: boolean
}

/** Run number of messages that belong to no run. */
export const NO_RUN = 0

/** Channel name of the mail to a partner's `contact`, which reports messages that no channel accepted. */
export const CONTACT = 'contact'

/** Members of all events about a delivery. */
export interface DeliveryFacts extends ToldPolicy {
  delivery: string
  message: string
  partner: string
  channel: string
  /** All policies of the message, if it is about a bundle. `policy`, `version` and `digest` repeat the first. */
  policies?: ToldPolicy[]
  run: number
  at: string
}
