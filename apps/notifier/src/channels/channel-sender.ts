import type { RefusalExplanation, ReleaseDocument, Ticket } from '#libs/contracts'
import type { Channel, ChannelKind, ChannelOf } from '../partners/channel.js'

/** What a message says of one policy. */
export interface PolicyContent {
  policy: string
  version: string
  /** Policy digest, `sha256:…`. */
  digest: string
  /** RFC 3339. */
  effective: string
  /** The signed release of `version`, with the proof that the log holds it; `null` for a withdrawal. */
  release: ReleaseDocument | null
  /** The release that was in force before, where one was. */
  replaced: ReleaseDocument | null
}

/** What a message says, for channels that send more than its body. */
export interface MessageContent extends PolicyContent {
  /**
   * `partner.test`: of no policy, to try a channel. For those who are on call: `ticket.…` of a question to people, and
   * `partner.unsubscribed` of an address that takes no more mail.
   */
  type: 'policy.updated' | 'policy.withdrawn' | 'partner.test' | 'partner.unsubscribed' | 'ticket.opened' | 'ticket.closed'
  /** `ID@VERSION`, as in the body. */
  supersedes: readonly string[]
  bundle: readonly string[]
  /** The moment of the event, RFC 3339. */
  at: string
  /** Of a rollback or a withdrawal: what people made public of its reason. */
  publicReason?: string
  /** Of a bundle of several: the policies besides the first. */
  others?: readonly PolicyContent[]
  /** Of `ticket.…`. */
  ticket?: Ticket
  /** Of `partner.unsubscribed`. */
  unsubscribed?: UnsubscribedAddress
}

export interface UnsubscribedAddress {
  partner: { id: string; name: string }
  address: string
  /** Where the partner is told all the same, as `channelNames` has them. */
  otherChannels: readonly string[]
}

/** Of each policy, in the order of the bundle. */
export function contentsOf(content: MessageContent): readonly PolicyContent[] {
  return [content, ...(content.others ?? [])]
}

/** One try of one delivery. */
export interface Attempt<C extends Channel = Channel> {
  partner: { id: string; name: string }
  /** As registered, secrets in the clear. */
  channel: C
  /** CIDRs that the partner lists as allowed although private. */
  networks: readonly string[]
  /** The same on every try: the partner's key against doubles. Letters, digits, `_` and `-`. */
  id: string
  /** The JSON of the message, the same bytes on every try. */
  body: Buffer
  content: MessageContent
  /** When this try is made, not when the policy changed. */
  timestamp: Date
  /** Page where a person acknowledges the message; only where the installation knows its public address. */
  receiptPage?: string
  /** Page behind which mail to this address stops; likewise. */
  unsubscribePage?: string
  /** It goes to the people of the partner, for no channel of theirs took it. */
  isLastResort?: boolean
  /** Tries before this one: above 0 the partner may have the message already. */
  triesBefore: number
}

/**
 * What a try came to; it is also the evidence for when a partner knew.
 * - `delivered`: the partner's side took the message.
 * - `retry`: no answer, or one that may be another next time.
 * - `rejected`: a lasting refusal of this message; the second one ends the delivery.
 * - `gone`: the partner wants no more on this channel.
 * - `refused`: nothing was sent, because our own rules forbid the address or the message cannot be made.
 */
export interface Outcome {
  kind: 'delivered' | 'retry' | 'rejected' | 'gone' | 'refused'
  /** HTTP or SMTP status. */
  status?: number
  latencyMs: number
  /** At most the first 4 KiB of the answer. */
  reply?: string
  /** IP address that was called. */
  address?: string
  /** SHA-256 of the certificate that the other side showed, as `AB:CD:…`. */
  tlsFingerprint?: string
  /** Names the secret or key that signed, without telling it. */
  keyId?: string
  detail?: string
  /** What the partner asked for, not yet capped. */
  retryAfterMs?: number
  timedOut?: boolean
}

/** A message that lies at a partner; `id` as in `Attempt`. */
export type SentMessage = { id: string; policy: string; version: string }

/** Where it lies. */
export type AckPlace<C extends Channel = Channel> = Pick<Attempt<C>, 'channel' | 'networks'>

/** What partners wrote, by the id of the message; or why they could not be asked. */
export type AckAnswer = { ok: true; acks: ReadonlyMap<string, string> } | { ok: false; detail: string }

/**
 * The port of one kind of channel. `send` never rejects: any failure is an outcome, so that a try is always booked. It ends within 15 s,
 * and at once when `signal` aborts. Every host that a partner named is judged at each connection.
 */
export interface ChannelSender<K extends ChannelKind = ChannelKind> {
  /** Reads what the sender needs, before the first try. Rejects with what ends the start of the process. */
  open?(): Promise<void>
  send(attempt: Attempt<ChannelOf<K>>, signal: AbortSignal): Promise<Outcome>
  /** Looks for what the other side leaves beside messages to acknowledge them, the first hundred of them. Ends as `send` does. */
  acknowledgements?(place: AckPlace<ChannelOf<K>>, messages: readonly SentMessage[], signal: AbortSignal): Promise<AckAnswer>
  /** Why such a channel cannot be registered, beyond what `parsePartner` and the address guard say. */
  refusal?(channel: ChannelOf<K>): ChannelRefusal | undefined
  /** Why the other side refuses what is signed right. Sends the message several times: for tests that somebody asked for alone. */
  explain?(attempt: Attempt<ChannelOf<K>>, signal: AbortSignal): Promise<RefusalExplanation | undefined>
  close(): Promise<void>
}

export interface ChannelRefusal {
  code: string
  /** Repeats no secret. */
  detail: string
}

/** Kind to sender. A partner with a channel of another kind is refused. */
export type ChannelSenders = { readonly [K in ChannelKind]?: ChannelSender<K> }

/** Under which the module provides the senders. */
export const CHANNEL_SENDERS = Symbol('ChannelSenders')
