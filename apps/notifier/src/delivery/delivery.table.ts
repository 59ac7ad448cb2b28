import type { DeliveryRedrive, ReceiptWay, ToldPolicy } from '#libs/contracts'
import { documentTable, timerKind } from '#libs/persistence'
import type { MessageContent, Outcome } from '../channels/channel-sender.js'
import { SEVERAL, toldOf, type Told } from './told-policies.js'

/** One ended try: the evidence for when a partner knew. */
export interface TryRecord {
  at: string
  outcome: Outcome['kind']
  status: number | null
  latencyMs: number
  detail: string | null
}

/** The partner said that it took the message up. */
export interface Acknowledgement {
  at: string
  way: ReceiptWay
  /** Of the secret that signed what said it. */
  keyId: string | null
  /** The partner's own words. */
  note: string | null
}

/** One message to one partner on one channel. */
export interface Delivery {
  id: string
  /** `webhook-id`: the same on every try, channel and attempt of the run, so that a partner can drop doubles. */
  messageId: string
  /** Id of the `Message` that it carries. */
  message: string
  partner: string
  /** As `channelNames` has it. */
  channel: string
  policy: string
  version: string
  /** Policy digest of `version`. */
  digest: string
  /** All that the message tells of, where a bundle has several; the three above are of the first. */
  policies?: readonly ToldPolicy[]
  run: number
  /** The notify stage that waits for its first try; `null` when none does. */
  stage: string | null
  /** Partner, policy (`SEVERAL` for a bundle) and, with `deliver: all`, the channel: news of one policy never overtake each other. */
  lane: string
  /** Order among the open deliveries that share a policy. */
  laneSeq: number
  supersedes: string[]
  /** The JSON of the message: the exact text that a webhook signs and sends. */
  body: string
  state: 'pending' | 'delivered' | 'dead' | 'superseded'
  /** A worker has it and may be talking to the partner. After a crash it stays so until the work is claimed again. */
  sending: boolean
  tries: number
  /** Start of the first try; the 24 hours count from here. */
  firstAt: string | null
  /** `null` while it waits behind its lane, and when it is over. */
  nextAttemptAt: string | null
  /** The last 20 tries, oldest first. */
  log: TryRecord[]
  createdAt: string
  /** When the partner's side took it first: a message that is sent again stays delivered. */
  deliveredAt: string | null
  acknowledged?: Acknowledgement
  /** The last 20 times that a person had it sent again, oldest first. */
  redrives?: DeliveryRedrive[]
}

/** Delivered, given up, tried once, or waiting behind its lane: a run waits for it no longer. */
export function runWaitsNoLonger(delivery: Delivery): boolean {
  return delivery.state !== 'pending' || delivery.tries > 0 || delivery.nextAttemptAt === null
}

/** `channel` is `null` for a partner with `deliver: first`, where the channels of a message take turns. */
export function laneOf(partner: string, policy: string, channel: string | null): string {
  return channel === null ? `${partner}/${policy}` : `${partner}/${policy}/${channel}`
}

/** The lane of each policy of a delivery, and that of all bundles. */
export function lanesBeside(delivery: Pick<Delivery, 'partner' | 'lane'> & Told): string[] {
  const names = [...toldOf(delivery).map(({ policy }) => policy), SEVERAL]
  return names.map((name) => `${laneOf(delivery.partner, name, null)}${wayOf(delivery)}`)
}

/** The end of a lane, which names the channel. It is empty for a partner with `deliver: first`: its channels share their lanes. */
export function wayOf({ partner, lane, ...told }: Pick<Delivery, 'partner' | 'lane'> & Told): string {
  return lane.slice(laneOf(partner, columnOf(told), null).length)
}

/** What stands for its policy in a column or lane. */
export function columnOf({ policy, policies }: Told): string {
  return policies === undefined ? policy : SEVERAL
}

/** What the deliveries of one message share; each has its own `supersedes`. */
export type Message = Omit<MessageContent, 'supersedes'> & { id: string }

export const MESSAGES = documentTable<Message>({ name: 'message', id: (message) => message.id, keys: {}, keep: { for: 'runs' } })

/** What a worker needs to know before it reads the delivery. */
export type DeliveryTimer = { delivery: string; partner: string }
export const DELIVER = timerKind<DeliveryTimer>('deliver')

export const DELIVERIES = documentTable<Delivery>({
  name: 'delivery',
  id: (delivery) => delivery.id,
  keys: {
    partner: { type: 'text', of: (delivery) => delivery.partner },
    run: { type: 'bigint', of: (delivery) => delivery.run },
    policy: { type: 'text', of: columnOf },
    version: { type: 'text', of: (delivery) => (delivery.policies === undefined ? delivery.version : SEVERAL) },
    stage: { type: 'text', of: (delivery) => delivery.stage },
    first_try: { type: 'text', of: (delivery) => (runWaitsNoLonger(delivery) ? 'ended' : 'open') },
    lane: { type: 'text', of: (delivery) => delivery.lane },
    lane_seq: { type: 'bigint', of: (delivery) => delivery.laneSeq },
    state: { type: 'text', of: (delivery) => delivery.state },
    created_at: { type: 'timestamptz', of: (delivery) => delivery.createdAt },
  },
  indexes: [['lane', 'state'], ['stage', 'first_try'], ['policy', 'version'], ['partner', 'created_at'], ['run'], ['created_at']],
  keep: { for: 'runs', ended: { state: ['delivered', 'dead', 'superseded'] } },
})
