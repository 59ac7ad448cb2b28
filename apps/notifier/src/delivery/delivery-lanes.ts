import type { ReleaseDocument } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import type { Outcome } from '../channels/channel-sender.js'
import { channelNames } from '../partners/channel.js'
import { PARTNERS, type RegisteredPartner } from '../partners/partner.table.js'
import { bookTry } from './book-try.js'
import { DeliveryMetrics } from './delivery-metrics.js'
import { DELIVER, DELIVERIES, laneOf, MESSAGES, type Delivery, type Message } from './delivery.table.js'
import { isOvertaken, joinLane, nextInLane, supersededBy } from './lane.js'
import { policyUpdatedBody, policyWithdrawnBody } from './message-body.js'

/** What a partner is to be told of one policy. */
export interface News {
  /** Names the cause: run and attempt, or the head that went back. Unique with policy, partner and channel. */
  cause: string
  /** As `cause`, but the same for every attempt of a run. */
  messageCause: string
  run: number
  stage: string | null
  policy: string
  version: string
  digest: string
  effective: string
  /** The version that was in force before. */
  before: string | null
  bundle: string[]
  /** The moment of the event. */
  at: Date
  /** The signed release of `version`; `null` when `version` is in force no more and nothing is in its place. */
  release: ReleaseDocument | null
  /** What was in force before. */
  replaced: ReleaseDocument | null
}

/** Deliveries as rows, one timer for the head of each lane. Every method wants the policy's lock to be held. */
@Injectable()
export class DeliveryLanes implements OnModuleInit {
  private tried: (tx: Transaction, stage: string | null) => Promise<void> = async () => {}

  private readonly metrics: DeliveryMetrics

  constructor(private readonly runtime: ServiceRuntime) {
    this.metrics = new DeliveryMetrics(runtime.metrics)
  }

  onModuleInit(): void {
    this.runtime.metrics.beforeCollect(() => this.runtime.database.transaction((tx) => this.metrics.look(tx)))
    this.runtime.prunes(DELIVERIES, { spares: isNewestOfLane })
  }

  /** Hears of each try that ended, and of each delivery that is not sent after all; `stage` as in `Delivery`. */
  onTried(listener: (tx: Transaction, stage: string | null) => Promise<void>): void {
    this.tried = listener
  }

  /** Queues the news for each partner: on all of its channels, or on the one that it prefers. */
  async add(tx: Transaction, news: News, partners: readonly RegisteredPartner[]): Promise<void> {
    await tx.documents(MESSAGES).insert(messageOf(news))
    for (const partner of partners) {
      const names = channelNames(partner.channels)
      for (const channel of partner.deliver === 'first' ? names.slice(0, 1) : names) await this.addOn(tx, news, partner, channel)
    }
  }

  /** Writes down what a try came to, and moves the lane on when that was its end. */
  async book(tx: Transaction, id: string, outcome: Outcome, startedAt: Date): Promise<void> {
    const delivery = await tx.documents(DELIVERIES).get(id)
    if (delivery?.state !== 'pending') return
    const others = (await this.open(tx, delivery.lane)).filter((other) => other.id !== id)
    const partner = await tx.documents(PARTNERS).get(delivery.partner)
    const booked = bookTry(delivery, outcome, startedAt, tx.now, isOvertaken(delivery, others, partner?.lane ?? 'latest'))
    await tx.documents(DELIVERIES).put(booked)
    if (booked.nextAttemptAt !== null) await this.schedule(tx, booked, new Date(booked.nextAttemptAt))
    const movesOn = booked.state === 'dead' && (await this.failOver(tx, booked, partner))
    const next = booked.state === 'pending' || movesOn ? undefined : nextInLane(others)
    if (next !== undefined) await this.tryAt(tx, next, tx.now)
    tx.afterCommit(() => this.metrics.tried(booked))
    const { tries, state } = booked
    const fields = {
      delivery: id,
      partner: delivery.partner,
      tries,
      state,
      status: outcome.status,
      detail: outcome.detail,
      latencyMs: outcome.latencyMs,
    }
    if (state === 'dead') this.runtime.log.warn(fields, 'a delivery was given up')
    else this.runtime.log.info(fields, 'a delivery was tried')
    await this.tried(tx, delivery.stage)
  }

  /** Puts work back that came to no try. */
  async postpone(tx: Transaction, id: string, afterMs: number): Promise<void> {
    const delivery = await tx.documents(DELIVERIES).get(id)
    if (delivery?.state === 'pending') await this.tryAt(tx, { ...delivery, sending: false }, new Date(tx.now.getTime() + afterMs))
  }

  /** Ends an open delivery that shall not be sent; with its own head gone, the caller says what the lane does next. */
  async supersede(tx: Transaction, delivery: Delivery): Promise<void> {
    await this.runtime.cancel(tx, timerId(delivery))
    await tx.documents(DELIVERIES).put({ ...delivery, state: 'superseded', nextAttemptAt: null })
    await this.tried(tx, delivery.stage)
  }

  /** With `deliver: first` a message whose channel gave up goes to the next one, at the same place of its lane. */
  private async failOver(tx: Transaction, dead: Delivery, partner: RegisteredPartner | undefined): Promise<boolean> {
    if (partner?.deliver !== 'first') return false
    const names = channelNames(partner.channels)
    const channel = names[names.indexOf(dead.channel) + 1]
    if (channel === undefined) return false
    const fresh = { state: 'pending' as const, sending: false, tries: 0, firstAt: null, nextAttemptAt: null, log: [], deliveredAt: null }
    const delivery = { ...dead, ...fresh, id: deliveryId(dead.message, partner.id, channel), channel, createdAt: tx.now.toISOString() }
    if (!(await tx.documents(DELIVERIES).insert(delivery))) return false
    await this.tryAt(tx, delivery, tx.now)
    return true
  }

  private async addOn(tx: Transaction, news: News, partner: RegisteredPartner, channel: string): Promise<void> {
    const { policy, version, digest, run, stage } = news
    const lane = laneOf(partner.id, policy, partner.deliver === 'first' ? null : channel)
    const open = await this.open(tx, lane)
    const { superseded, first, laneSeq } = joinLane(open, partner.lane)
    const supersedes = supersededBy(news, open)
    const delivery: Delivery = {
      id: deliveryId(messageIdOf(news), partner.id, channel),
      messageId: `${news.messageCause}_${policy}_${partner.id}`,
      message: messageIdOf(news),
      partner: partner.id,
      channel,
      policy,
      version,
      digest,
      run,
      stage,
      lane,
      laneSeq,
      supersedes,
      body: bodyOf(news, supersedes).toString(),
      state: 'pending',
      sending: false,
      tries: 0,
      firstAt: null,
      nextAttemptAt: null,
      log: [],
      createdAt: tx.now.toISOString(),
      deliveredAt: null,
    }
    if (!(await tx.documents(DELIVERIES).insert(delivery))) return
    for (const older of superseded) await this.supersede(tx, older)
    if (first) await this.tryAt(tx, delivery, tx.now)
  }

  private open(tx: Transaction, lane: string): Promise<Delivery[]> {
    return tx.documents(DELIVERIES).find({ where: { lane, state: 'pending' } })
  }

  private async tryAt(tx: Transaction, delivery: Delivery, at: Date): Promise<void> {
    await tx.documents(DELIVERIES).put({ ...delivery, nextAttemptAt: at.toISOString() })
    await this.schedule(tx, delivery, at)
  }

  private schedule(tx: Transaction, delivery: Delivery, dueAt: Date): Promise<void> {
    const { id, partner, policy } = delivery
    const timer = { id: timerId(delivery), kind: DELIVER, keys: [policyKey(policy)], data: { delivery: id, partner }, dueAt }
    return this.runtime.schedule(tx, timer)
  }
}

function messageIdOf({ cause, policy }: News): string {
  return `${cause}.${policy}`
}

function deliveryId(message: string, partner: string, channel: string): string {
  return `${message}.${partner}.${channel}`
}

function messageOf(news: News): Message {
  const { policy, version, digest, effective, bundle, at, release, replaced } = news
  const type = release === null ? ('policy.withdrawn' as const) : ('policy.updated' as const)
  return { id: messageIdOf(news), type, policy, version, digest, effective, bundle, at: at.toISOString(), release, replaced }
}

function bodyOf({ policy: id, version, digest, effective, bundle, at, release }: News, supersedes: string[]): Buffer {
  if (release === null) return policyWithdrawnBody({ id, version, digest, supersedes }, at)
  return policyUpdatedBody({ id, version, digest, effective, supersedes, bundle }, at)
}

/** A partner that was told of what is in force must be told when it is taken back, however long ago that was. */
async function isNewestOfLane(tx: Transaction, { id, lane }: Delivery): Promise<boolean> {
  const [newest] = await tx
    .documents(DELIVERIES)
    .find({ where: { lane, state: 'delivered' }, orderBy: 'created_at', descending: true, limit: 1 })
  return newest?.id === id
}

function timerId(delivery: Delivery): string {
  return `${DELIVER}:${delivery.id}`
}
