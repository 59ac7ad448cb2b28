import type { DeliveryRedrive, DeliveryTry, ReceiptWay, ToldPolicy } from '#libs/contracts'
import { columns, documentTable, timerKind } from '#libs/persistence'
import type { MessageContent, Outcome } from '../channels/channel-sender.js'
import { SEVERAL, policiesOf, type NotifiedPolicies } from './notified-policies.js'

/** One ended attempt: the evidence for when a partner was notified. */
export type AttemptRecord = Pick<DeliveryTry, 'at' | 'status' | 'latencyMs' | 'detail'> & { outcome: Outcome['kind'] }

export interface Acknowledgement {
  at: string
  way: ReceiptWay
  /** Id of the secret that signed the acknowledgement; `null` if unsigned. */
  keyId: string | null
  note: string | null
}

/** One message to one partner on one channel. */
export interface Delivery {
  id: string
  /** Message id, sent as `webhook-id`: equal for all tries, channels and attempts of the run, so partners can drop duplicates. */
  messageId: string
  /** Id of its `Message`. */
  message: string
  partner: string
  /** Name of the channel, from `channelNames`. */
  channel: string
  policy: string
  version: string
  /** Policy digest of `version`. */
  digest: string
  /** All policies of a bundle's message; `policy`, `version` and `digest` are then those of the first policy. */
  policies?: readonly ToldPolicy[]
  run: number
  /** Notify stage that waits for the first attempt; `null` if none does. */
  stage: string | null
  /** Partner, policy (`SEVERAL` for a bundle) and, with `deliver: all`, channel: messages about one policy never overtake each other. */
  lane: string
  /** Order among the open deliveries that share a policy. */
  laneSeq: number
  supersedes: string[]
  /** Message as JSON: the exact text that a webhook signs and sends. */
  body: string
  state: 'pending' | 'delivered' | 'dead' | 'superseded'
  /** Whether a worker has claimed it and may be connected to the partner. After a crash it stays set until the work is claimed again. */
  sending: boolean
  tries: number
  /** Task at the partner's agent that the next attempt polls. */
  task?: string
  /** Start of the first attempt, and of the 24-hour schedule of attempts. */
  firstAt: string | null
  /** Time of the next attempt; `null` while older messages of the lane are open, and once the delivery has ended. */
  nextAttemptAt: string | null
  /** Last 20 attempts, oldest first. */
  log: AttemptRecord[]
  createdAt: string
  /** Time the partner's side first accepted it; kept when the message is redriven. */
  deliveredAt: string | null
  acknowledged?: Acknowledgement
  /** Last 20 redrives by people, oldest first. */
  redrives?: DeliveryRedrive[]
}

/** Whether a run no longer waits for the delivery: it is delivered, abandoned, attempted once and no task, or waiting behind its lane. */
export function runWaitsNoLonger(delivery: Delivery): boolean {
  return delivery.state !== 'pending' || (delivery.tries > 0 && delivery.task === undefined) || delivery.nextAttemptAt === null
}

/** Returns the lane's name. `channel`: `null` for `deliver: first`, whose channels are tried in turn in one lane. */
export function laneOf(partner: string, policy: string, channel: string | null): string {
  return channel === null ? `${partner}/${policy}` : `${partner}/${policy}/${channel}`
}

/** Returns the lane of each policy of a delivery, and the lane of all bundles. */
export function lanesBeside(delivery: Pick<Delivery, 'partner' | 'lane'> & NotifiedPolicies): string[] {
  const names = [...policiesOf(delivery).map(({ policy }) => policy), SEVERAL]
  return names.map((name) => `${laneOf(delivery.partner, name, null)}${wayOf(delivery)}`)
}

/** Returns the lane's last part, its channel; empty for `deliver: first`, whose channels share one lane. */
export function wayOf({ partner, lane, ...notified }: Pick<Delivery, 'partner' | 'lane'> & NotifiedPolicies): string {
  return lane.slice(laneOf(partner, columnOf(notified), null).length)
}

/** Returns the value for the policy column or lane: the policy, or `SEVERAL` for a bundle. */
export function columnOf({ policy, policies }: NotifiedPolicies): string {
  return policies === undefined ? policy : SEVERAL
}

/** Content shared by the deliveries of one message; each delivery has its own `supersedes`. */
export type Message = Omit<MessageContent, 'supersedes'> & { id: string }

export const MESSAGES = documentTable<Message>({ name: 'message', id: (message) => message.id, keys: {}, keep: { for: 'runs' } })

/** Timer data a worker needs before it reads the delivery. */
export type DeliveryTimer = { delivery: string; partner: string }
export const DELIVER = timerKind<DeliveryTimer>('deliver')

export const DELIVERIES = documentTable<Delivery>({
  name: 'delivery',
  id: (delivery) => delivery.id,
  keys: {
    ...columns<Delivery>({ partner: 'text', run: 'bigint' }),
    policy: { type: 'text', of: columnOf },
    version: { type: 'text', of: (delivery) => (delivery.policies === undefined ? delivery.version : SEVERAL) },
    ...columns<Delivery>({ stage: 'text' }),
    first_try: { type: 'text', of: (delivery) => (runWaitsNoLonger(delivery) ? 'ended' : 'open') },
    ...columns<Delivery>({ lane: 'text', laneSeq: 'bigint', state: 'text', createdAt: 'timestamptz' }),
  },
  indexes: [['lane', 'state'], ['stage', 'first_try'], ['policy', 'version'], ['partner', 'created_at'], ['run'], ['created_at']],
  keep: { for: 'runs', ended: { state: ['delivered', 'dead', 'superseded'] } },
})
