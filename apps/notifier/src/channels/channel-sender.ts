import type { PolicyEventType, RefusalExplanation, ReleaseDocument, Ticket } from '#libs/contracts'
import type { Channel, ChannelKind, ChannelOf } from '../partners/channel.js'

export interface PolicyContent {
  policy: string
  version: string
  /** Policy digest, `sha256:…`. */
  digest: string
  /** RFC 3339. */
  effective: string
  /** Signed release of `version` with its inclusion proof; `null` for a withdrawal. */
  release: ReleaseDocument | null
  /** Release that was in force before; `null` if none was. */
  replaced: ReleaseDocument | null
}

/** Content of a message, for channels that send more than its body. */
export interface MessageContent extends PolicyContent {
  /**
   * Event type. For partners that ask: `policy.announced`, the canary passed; `policy.rolled-back`, an earlier version is in force again.
   * `partner.test` tests a channel; it has no policy. For people on call: `ticket.…`; `partner.unsubscribed`, an address refuses mail.
   */
  type: PolicyEventType | 'partner.test' | 'partner.unsubscribed' | 'ticket.opened' | 'ticket.closed'
  /** `ID@VERSION`, as in the body. */
  supersedes: readonly string[]
  bundle: readonly string[]
  /** Time of the event, RFC 3339. */
  at: string
  /** Public part of the reason for a rollback or a withdrawal. */
  publicReason?: string
  /** Policies of a bundle besides the first; absent for a single policy. */
  others?: readonly PolicyContent[]
  /** Ticket of a message of type `ticket.…`. */
  ticket?: Ticket
  /** Address of a message of type `partner.unsubscribed`. */
  unsubscribed?: UnsubscribedAddress
}

export interface UnsubscribedAddress {
  partner: { id: string; name: string }
  address: string
  /** Remaining channels on which the partner is notified, named as by `channelNames`. */
  otherChannels: readonly string[]
}

/** Returns the content of each policy, in the order of the bundle. */
export function contentsOf(content: Pick<MessageContent, keyof PolicyContent | 'others'>): readonly PolicyContent[] {
  return [content, ...(content.others ?? [])]
}

export interface Attempt<C extends Channel = Channel> {
  partner: { id: string; name: string }
  /** Channel as registered, with its secrets in the clear. */
  channel: C
  /** CIDRs of private networks that the partner's registration allows. */
  networks: readonly string[]
  /** Message id for deduplication by the partner; the same on every attempt. Letters, digits, `_` and `-`. */
  id: string
  /** Message as JSON; the same bytes on every attempt. */
  body: Buffer
  content: MessageContent
  /** Time of this attempt, not of the policy change. */
  timestamp: Date
  /** Page where a person acknowledges the message; only if the public address of the installation is configured. */
  receiptPage?: string
  /** Page that unsubscribes this address from mail; only if the public address of the installation is configured. */
  unsubscribePage?: string
  /** Whether the message goes to the partner's `contact` because none of its channels accepted it. */
  isLastResort?: boolean
  /** Task of an earlier outcome `working`, which is polled instead of sending the message again. */
  task?: string
  /** Number of earlier attempts; above 0 the partner may already have the message. */
  triesBefore: number
}

/**
 * Outcome of an attempt, and the evidence for when a partner was notified.
 * - `delivered`: the partner's side accepted the message.
 * - `working`: the partner's side accepted the message as a `task` that is not completed; the next attempt polls it.
 * - `retry`: no response, or a response that may differ next time.
 * - `rejected`: a permanent refusal of this message; the second one ends the delivery.
 * - `gone`: the partner wants no further attempt of this message (HTTP 410).
 * - `refused`: nothing was sent, because our own rules forbid the address or the message cannot be composed.
 */
export interface Outcome {
  kind: 'delivered' | 'working' | 'retry' | 'rejected' | 'gone' | 'refused'
  /** HTTP or SMTP status. */
  status?: number
  latencyMs: number
  /** First 4 KiB of the response at most. */
  reply?: string
  /** IP address of the connection. */
  address?: string
  /** SHA-256 of the certificate that the other side presented, as `AB:CD:…`. */
  tlsFingerprint?: string
  /** Identifies the secret or key that signed, without revealing it. */
  keyId?: string
  detail?: string
  /** Task that the next attempt polls. Printable ASCII, at most 256 characters. */
  task?: string
  /** Delay the partner requested, not yet capped. */
  retryAfterMs?: number
  timedOut?: boolean
}

/** Message stored at a partner; `id` as in `Attempt`. */
export type SentMessage = { id: string; policy: string; version: string }

/** Channel where the message is stored. */
export type AckSource<C extends Channel = Channel> = Pick<Attempt<C>, 'channel' | 'networks'>

/** Acknowledgement texts of partners by message id, or the reason why they could not be read. */
export type AckResult = { ok: true; acks: ReadonlyMap<string, string> } | { ok: false; detail: string }

/**
 * Port of one kind of channel. `send` never rejects: any failure is an outcome, so every attempt is recorded. `send` ends within 15 s, and
 * immediately when `signal` aborts. Every host of a partner's registration is checked at each connection.
 */
export interface ChannelSender<K extends ChannelKind = ChannelKind> {
  /** Reads the files the sender needs, before the first attempt. If it rejects, the process does not start. */
  open?(): Promise<unknown>
  send(attempt: Attempt<ChannelOf<K>>, signal: AbortSignal): Promise<Outcome>
  /** Reads the acknowledgements that the partner stored next to the first 100 messages at most. Has the timeouts of `send`. */
  acknowledgements?(place: AckSource<ChannelOf<K>>, messages: readonly SentMessage[], signal: AbortSignal): Promise<AckResult>
  /** Returns why such a channel cannot be registered, beyond the checks of `parsePartner` and the address guard. */
  refusal?(channel: ChannelOf<K>): ChannelRefusal | undefined
  /** Explains a refusal of a correctly signed message by several more requests: only for a test that a person requested. */
  explain?(attempt: Attempt<ChannelOf<K>>, signal: AbortSignal): Promise<RefusalExplanation | undefined>
  close?(): Promise<void>
}

export interface ChannelRefusal {
  code: string
  /** Contains no secret. */
  detail: string
}

/** Senders by channel kind. A partner with a channel of any other kind is refused. */
export type ChannelSenders = { readonly [K in ChannelKind]?: ChannelSender<K> }

export const CHANNEL_SENDERS = Symbol('ChannelSenders')

/** Returns this process's sender of the kind. The cast is needed: the table relates kind and sender only for a single kind. */
export function senderOf(senders: ChannelSenders, { kind }: Channel): ChannelSender | undefined {
  return senders[kind] as ChannelSender | undefined
}

export async function dispatch(senders: ChannelSenders, attempt: Attempt, signal: AbortSignal): Promise<Outcome> {
  const sender = senderOf(senders, attempt.channel)
  if (sender !== undefined) return sender.send(attempt, signal)
  return { kind: 'refused', latencyMs: 0, detail: `this process has no sender for ${attempt.channel.kind}` }
}
