import { CONTACT, replyAcknowledges } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database, Timers, type Transaction } from '#libs/persistence'
import { Logger, Metrics } from '#libs/platform'
import { PruneTables } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import type { Outcome } from '../channels/channel-sender.js'
import { channelNames } from '../partners/channel.js'
import { PARTNERS, type RegisteredPartner } from '../partners/partner.table.js'
import { NotifierConfig } from '../notifier.config.js'
import { recordAttempt, endOf } from './record-attempt.js'
import { DeliveryEvents } from './delivery-events.js'
import { DeliveryMetrics } from './delivery-metrics.js'
import { columnOf, DELIVER, DELIVERIES, laneOf, lanesBeside, MESSAGES, type Acknowledgement, type Delivery } from './delivery.table.js'
import { EVIDENCE, evidenceOf } from './evidence.table.js'
import { headsOf, isBehind, isOvertaken, joinLane, type Joined } from './lane.js'
import { deliveryId, type Notice } from './news.js'
import { recordInBreaker } from './partner-gate.js'
import { mintReceiptToken, receiptId, receiptTokenIn, receiptUrl, withReceiptToken } from './receipt-token.js'
import { RECEIPT_LIFE_MS, RECEIPTS } from './receipt.table.js'
import { isForOnCall, lockKeysOf, overlap, concerns } from './notified-policies.js'

const KEPT_REDRIVES = 20
const MAX_NEWER = 500

/** Listener to deliveries, called in the transaction that records them. */
export interface DeliveryListener {
  /** Called when an attempt ended, or a delivery will not be sent. `isReached`: the partner accepted or acknowledged it. */
  tried?(tx: Transaction, stage: string | null, isReached: boolean): Promise<void>
  /** Called when the partner's side accepted a delivery without acknowledging it in the response. */
  delivered?(tx: Transaction, delivery: Delivery, partner: RegisteredPartner): Promise<void>
  /** Called when a delivery is abandoned and no other channel takes over. */
  dead?(tx: Transaction, delivery: Delivery): Promise<void>
}

/** Stores deliveries as rows, with one timer for the head of each lane. Every method requires the locks of the message's policies. */
@Injectable()
export class DeliveryLanes implements OnModuleInit {
  private readonly listeners: DeliveryListener[] = []
  private readonly metrics = new DeliveryMetrics(this.registry)
  private readonly events = new DeliveryEvents(this.outbox)

  constructor(
    private readonly database: Database,
    private readonly timers: Timers,
    private readonly pruning: PruneTables,
    private readonly log: Logger,
    private readonly registry: Metrics,
    private readonly outbox: Outbox,
    private readonly config: NotifierConfig,
  ) {}

  onModuleInit(): void {
    this.registry.beforeCollect(() => this.database.transaction((tx) => this.metrics.update(tx)))
    this.pruning.rule(DELIVERIES, { isNeeded: isNewestOfLane })
  }

  addListener(listener: DeliveryListener): void {
    this.listeners.push(listener)
  }

  /** Queues the notice for each partner: on all of its channels, or on the preferred one. */
  async add(tx: Transaction, notice: Notice, partners: readonly RegisteredPartner[]): Promise<void> {
    await tx.documents(MESSAGES).insert(notice.message)
    for (const partner of partners) {
      const names = channelNames(partner.channels)
      for (const channel of partner.deliver === 'first' ? names.slice(0, 1) : names) await this.addOn(tx, notice, partner, channel)
    }
  }

  /** Records the outcome of an attempt, and advances the lane if the delivery ended. */
  async book(tx: Transaction, id: string, outcome: Outcome, startedAt: Date): Promise<void> {
    const delivery = await tx.documents(DELIVERIES).get(id)
    if (delivery?.state !== 'pending') return
    const others = (await this.open(tx, delivery)).filter((other) => other.id !== id)
    const partner = await tx.documents(PARTNERS).get(delivery.partner)
    const attempted = recordAttempt(delivery, outcome, startedAt, tx.now, isOvertaken(delivery, others, partner?.lane ?? 'latest'))
    const tried = { ...attempted, state: endOf(attempted, attempted.state) }
    const breaker = await recordInBreaker(tx, delivery, outcome)
    // With `deliver: first` a delivery does not wait for a channel that is down while there is another.
    const givesUp = tried.state === 'dead' || (tried.state === 'pending' && breaker !== undefined && breaker.openUntil !== null)
    const movesOn = givesUp && (await this.failOver(tx, tried, partner))
    const booked: Delivery =
      movesOn && tried.state === 'pending' ? { ...tried, state: endOf(tried, 'superseded'), nextAttemptAt: null } : tried
    await tx.documents(DELIVERIES).put(booked)
    const evidence = evidenceOf(id, outcome, startedAt)
    await tx.documents(EVIDENCE).insert(evidence)
    await this.events.ended(tx, booked, attempted.state, evidence)
    if (booked.nextAttemptAt !== null) await this.schedule(tx, booked, new Date(booked.nextAttemptAt))
    if (booked.state !== 'pending' && !movesOn) await this.advance(tx, others)
    if (booked.state === 'dead' && !movesOn && partner !== undefined) {
      if (this.config.mail !== undefined) await this.notifyContact(tx, booked, partner)
      for (const listener of this.listeners) await listener.dead?.(tx, booked)
    }
    const { tries, state } = booked
    const { status, detail, latencyMs } = outcome
    const fields = { delivery: id, partner: delivery.partner, tries, state, status, detail, latencyMs }
    tx.afterCommit(() => {
      this.metrics.tried(booked)
      if (state === 'dead') this.log.warn(fields, 'a delivery failed permanently')
      else this.log.info(fields, 'a delivery was tried')
    })
    const isReached = outcome.kind === 'delivered'
    if (isReached && replyAcknowledges(outcome.reply ?? '', delivery.messageId)) {
      await this.acknowledge(tx, booked, { way: 'reply', keyId: outcome.keyId ?? null, note: null })
      return
    }
    if (isReached && partner !== undefined) for (const listener of this.listeners) await listener.delivered?.(tx, booked, partner)
    await this.tried(tx, delivery, isReached)
  }

  /** Records the outcome of an attempt whose timer was cancelled meanwhile, for instance by an acknowledgement. Schedules nothing. */
  async bookLate(tx: Transaction, id: string, outcome: Outcome, startedAt: Date): Promise<void> {
    const delivery = await tx.documents(DELIVERIES).get(id)
    if (delivery === undefined) return
    const evidence = evidenceOf(id, outcome, startedAt)
    await tx.documents(EVIDENCE).insert(evidence)
    await recordInBreaker(tx, delivery, outcome)
    if (delivery.state === 'pending') return // a redrive, or a worker that has the lease, continues
    const booked: Delivery = { ...recordAttempt(delivery, outcome, startedAt, tx.now, true), state: delivery.state }
    await tx.documents(DELIVERIES).put(booked)
    if (outcome.kind === 'delivered') await this.events.ended(tx, booked, 'delivered', evidence)
    tx.afterCommit(() => this.metrics.tried(booked))
  }

  /** Reschedules a claimed delivery that was not attempted. */
  async postpone(tx: Transaction, id: string, afterMs: number): Promise<void> {
    const delivery = await tx.documents(DELIVERIES).get(id)
    if (delivery?.state === 'pending') await this.tryAt(tx, { ...delivery, sending: false }, new Date(tx.now.getTime() + afterMs))
  }

  /** Handles an open breaker: with `deliver: first` the message moves to the next channel, otherwise it waits without using an attempt. */
  async holdBack(tx: Transaction, id: string, afterMs: number): Promise<void> {
    const delivery = await tx.documents(DELIVERIES).get(id)
    if (delivery?.state !== 'pending') return
    const partner = await tx.documents(PARTNERS).get(delivery.partner)
    if (!(await this.failOver(tx, delivery, partner))) return this.postpone(tx, id, afterMs)
    await tx.documents(DELIVERIES).put({ ...delivery, state: endOf(delivery, 'superseded'), sending: false, nextAttemptAt: null })
    await this.tried(tx, delivery)
  }

  /** Finds deliveries of the same message to the same partner that succeeded or may still succeed. */
  async otherDeliveries(tx: Transaction, dead: Delivery): Promise<Delivery[]> {
    const where = { partner: dead.partner, run: dead.run, policy: columnOf(dead), state: ['delivered', 'pending'] }
    return (await tx.documents(DELIVERIES).find({ where })).filter(({ message }) => message === dead.message)
  }

  /** Mails the partner's `contact` a message that no channel accepted, under the same message id. No run waits for this mail. */
  private async notifyContact(tx: Transaction, dead: Delivery, partner: RegisteredPartner): Promise<void> {
    if (partner.contact === null || dead.channel === CONTACT) return
    if ((await this.otherDeliveries(tx, dead)).length > 0) return
    const lane = laneOf(partner.id, columnOf(dead), CONTACT)
    const open = await this.open(tx, { ...dead, lane })
    const joined = joinLane(dead, open, partner.lane)
    const delivery = await this.sendBy(tx, dead, CONTACT, { lane, laneSeq: joined.laneSeq, stage: null })
    if (delivery !== undefined) await this.join(tx, delivery, open, joined)
  }

  /** Ends an open delivery that must not be sent. If it was the head of its lane, the caller advances the lane. */
  async supersede(tx: Transaction, delivery: Delivery): Promise<void> {
    await this.timers.cancel(tx, timerId(delivery))
    await tx.documents(DELIVERIES).put({ ...delivery, state: endOf(delivery, 'superseded'), nextAttemptAt: null })
    await this.tried(tx, delivery)
  }

  /** Records the partner's first acknowledgement. A pending or dead delivery then counts as delivered: nothing more is sent. */
  async acknowledge(tx: Transaction, delivery: Delivery, acknowledgement: Omit<Acknowledgement, 'at'>): Promise<Delivery> {
    if (delivery.acknowledged !== undefined) return delivery // guard: receipt-once
    const at = tx.now.toISOString()
    const acknowledged = { at, ...acknowledgement }
    const arrived = { state: 'delivered' as const, sending: false, nextAttemptAt: null, deliveredAt: delivery.deliveredAt ?? at }
    const isOpen = delivery.state === 'pending'
    const after: Delivery = { ...delivery, acknowledged, ...(isOpen || delivery.state === 'dead' ? arrived : {}) }
    await tx.documents(DELIVERIES).put(after)
    if (isOpen) await this.timers.cancel(tx, timerId(delivery))
    if (isOpen && delivery.nextAttemptAt !== null) await this.advance(tx, await this.open(tx, delivery))
    await this.events.acknowledged(tx, after)
    await this.tried(tx, after, true)
    return after
  }

  /** Resends an ended message with the same id and bytes and a fresh schedule: at `at`, or after open deliveries of its lane. */
  async redrive(tx: Transaction, delivery: Delivery, { by, reason }: { by: string; reason: string }, at: Date): Promise<void> {
    const { first, laneSeq } = joinLane(delivery, await this.open(tx, delivery), 'every')
    const redrives = [...(delivery.redrives ?? []), { at: tx.now.toISOString(), by, reason }].slice(-KEPT_REDRIVES)
    const redriven: Delivery = { ...delivery, ...UNTRIED, laneSeq, redrives }
    await tx.documents(DELIVERIES).put(redriven)
    const token = receiptTokenIn(delivery.body)
    if (token !== undefined) await this.issueReceipt(tx, redriven, token)
    await this.events.redriven(tx, redriven)
    if (first) await this.tryAt(tx, redriven, at)
  }

  /** Finds newer messages about policies of this one that the partner received or will receive; oldest first. */
  async newerThan(tx: Transaction, delivery: Delivery): Promise<Delivery[]> {
    const where = { lane: lanesBeside(delivery), state: ['pending', 'delivered', 'dead'] }
    const found = await tx.documents(DELIVERIES).find({ where, orderBy: 'created_at', descending: true, limit: MAX_NEWER })
    const place = ({ createdAt, id }: Delivery): string => `${createdAt} ${id}`
    const isNewer = (other: Delivery): boolean => other.message !== delivery.message && place(other) > place(delivery)
    return found.filter((other) => isNewer(other) && overlap(other, delivery)).toReversed()
  }

  /** With `deliver: first`, moves a message to the next channel if its channel failed or is down, at the same position of its lane. */
  private async failOver(tx: Transaction, failed: Delivery, partner: RegisteredPartner | undefined): Promise<boolean> {
    if (partner?.deliver !== 'first') return false
    const names = channelNames(partner.channels)
    const channel = names[names.indexOf(failed.channel) + 1]
    if (channel === undefined) return false
    const delivery = await this.sendBy(tx, failed, channel)
    if (delivery === undefined) return false
    await this.tryAt(tx, delivery, tx.now)
    return true
  }

  private async tried(tx: Transaction, { stage }: Delivery, isReached = false): Promise<void> {
    for (const listener of this.listeners) await listener.tried?.(tx, stage, isReached)
  }

  /** Queues the same message on another channel; `undefined` if it already has a delivery there. */
  private async sendBy(tx: Transaction, from: Delivery, channel: string, changes: Partial<Delivery> = {}): Promise<Delivery | undefined> {
    const token = mintReceiptToken()
    const delivery: Delivery = {
      ...from,
      ...UNTRIED,
      id: deliveryId(from.message, from.partner, channel),
      channel,
      body: withReceiptToken(from.body, token),
      createdAt: tx.now.toISOString(),
      deliveredAt: null,
      redrives: [],
      ...changes,
    }
    if (!(await tx.documents(DELIVERIES).insert(delivery))) return undefined
    await this.issueReceipt(tx, delivery, token)
    return delivery
  }

  private async addOn(tx: Transaction, notice: Notice, partner: RegisteredPartner, channel: string): Promise<void> {
    const { notified, message, run, stage } = notice
    const lane = laneOf(partner.id, columnOf(notified), partner.deliver === 'first' ? null : channel)
    const open = await this.open(tx, { ...notified, partner: partner.id, lane })
    const joined = joinLane(notified, open, partner.lane)
    const supersedes = notice.supersedes(open)
    const token = mintReceiptToken()
    const delivery: Delivery = {
      id: deliveryId(message.id, partner.id, channel),
      messageId: notice.idFor(partner.id),
      message: message.id,
      partner: partner.id,
      channel,
      ...notified,
      run,
      stage,
      lane,
      laneSeq: joined.laneSeq,
      supersedes: supersedes.flat(),
      body: notice.body(supersedes, receiptUrl(token, this.config.publicUrl), this.config.publicUrl),
      ...UNTRIED,
      createdAt: tx.now.toISOString(),
      deliveredAt: null,
    }
    if (!(await tx.documents(DELIVERIES).insert(delivery))) return
    await this.issueReceipt(tx, delivery, token)
    await this.join(tx, delivery, open, joined)
  }

  /** Supersedes what a new delivery replaces, and schedules the delivery if it is first. `open`: open deliveries besides the new one. */
  private async join(tx: Transaction, delivery: Delivery, open: readonly Delivery[], { superseded, first }: Joined): Promise<void> {
    for (const older of superseded) await this.supersede(tx, older)
    if (first) return this.tryAt(tx, delivery, tx.now)
    // A superseded message may have been ahead of one that stays.
    const left = open.filter((other) => !superseded.includes(other))
    if (superseded.length > 0) await this.advance(tx, left)
  }

  /** Schedules the heads of the lanes. A bundle may also wait for deliveries outside `open`, about its other policies. */
  private async advance(tx: Transaction, open: readonly Delivery[]): Promise<void> {
    for (const head of headsOf(open)) {
      const mustWait = head.policies !== undefined && isBehind(head, await this.open(tx, head))
      if (!mustWait) await this.tryAt(tx, head, tx.now)
    }
  }

  private async issueReceipt(tx: Transaction, { id: delivery }: Delivery, token: string): Promise<void> {
    const expiresAt = new Date(tx.now.getTime() + RECEIPT_LIFE_MS).toISOString()
    await tx.documents(RECEIPTS).put({ id: receiptId(token), delivery, expiresAt })
  }

  /** Finds the open deliveries of the same partner and channel that share a policy with this one, including the delivery itself. */
  private async open(tx: Transaction, delivery: Parameters<typeof lanesBeside>[0]): Promise<Delivery[]> {
    const found = await tx.documents(DELIVERIES).find({ where: { lane: lanesBeside(delivery), state: 'pending' } })
    return found.filter((other) => overlap(other, delivery))
  }

  private async tryAt(tx: Transaction, delivery: Delivery, at: Date): Promise<void> {
    await tx.documents(DELIVERIES).put({ ...delivery, nextAttemptAt: at.toISOString() })
    await this.schedule(tx, delivery, at)
  }

  private schedule(tx: Transaction, delivery: Delivery, dueAt: Date): Promise<void> {
    const { id, partner } = delivery
    const timer = { id: timerId(delivery), kind: DELIVER, keys: lockKeysOf(delivery), data: { delivery: id, partner }, dueAt }
    return this.timers.schedule(tx, timer)
  }
}

const UNTRIED = {
  state: 'pending',
  sending: false,
  tries: 0,
  task: undefined,
  firstAt: null,
  nextAttemptAt: null,
  log: [],
} satisfies Partial<Delivery>

/** Whether this is the newest delivered message of its lane. It is retained, because a rollback is sent to its partner. */
async function isNewestOfLane(tx: Transaction, delivery: Delivery): Promise<boolean> {
  if (isForOnCall(delivery)) return false
  const newestIn = (lane: string, limit: number): Promise<Delivery[]> =>
    tx.documents(DELIVERIES).find({ where: { lane, state: 'delivered' }, orderBy: 'created_at', descending: true, limit })
  if (delivery.policies === undefined) return (await newestIn(delivery.lane, 1))[0]?.id === delivery.id
  const [bundles, lanes] = [await newestIn(delivery.lane, MAX_NEWER), lanesBeside(delivery)]
  for (const [index, { policy }] of delivery.policies.entries()) {
    if (bundles.find((other) => concerns(other, policy, undefined))?.id !== delivery.id) continue
    const [alone] = await newestIn(lanes[index]!, 1)
    if (alone === undefined || alone.createdAt <= delivery.createdAt) return true
  }
  return false
}

function timerId(delivery: Delivery): string {
  return `${DELIVER}:${delivery.id}`
}
