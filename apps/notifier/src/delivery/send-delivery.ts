import { setMaxListeners } from 'node:events'
import { command, CONTACT } from '#libs/contracts'
import { Database, Timers, type Timer, type WorkHandler } from '#libs/persistence'
import { Clock, describeError } from '#libs/platform'
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common'
import { CHANNEL_SENDERS, dispatch, type Attempt, type ChannelSenders, type Outcome } from '../channels/channel-sender.js'
import { NotifierConfig } from '../notifier.config.js'
import { channelOf, PARTNERS, unsubscribedAt } from '../partners/partner.table.js'
import { openChannel } from '../secrets/sealed-channels.js'
import { SecretBox } from '../secrets/secret-box.js'
import { sealAddressee } from '../secrets/unsubscribe-token.js'
import { DeliveryLanes } from './delivery-lanes.js'
import { DELIVER, DELIVERIES, MESSAGES, type DeliveryTimer } from './delivery.table.js'
import { receiptTokenIn } from './receipt-token.js'
import { PartnerGate } from './partner-gate.js'
import { SendSlots, MAX_SLOTS, type Slot } from './send-slots.js'

/** Lease of an attempt in ms: longer than an attempt may take, so a slow partner is not called twice at the same time. */
const LEASE_MS = 30_000
const MAX_SLOT_WAIT_MS = 5_000
/** Wait in ms for a slot of the mail relay, which accepts mails one after the other. Each check costs a transaction. */
const RELAY_WAIT_MS = 1_000

/** `attempt`: the attempt, or the reason why no channel can send it. */
type StartedAttempt = { startedAt: Date; attempt: Attempt | string } | { waitMs: number; isDown: boolean }

/**
 * Worker that marks a delivery as being sent, calls the partner outside any transaction, and records the outcome. After a crash in between
 * the message is resent when the lease expires, under the same message id.
 */
@Injectable()
export class SendDelivery implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  private readonly gate = new PartnerGate()
  private readonly stop = new AbortController()

  constructor(
    private readonly database: Database,
    private readonly timers: Timers,
    private readonly clock: Clock,
    private readonly lanes: DeliveryLanes,
    private readonly config: NotifierConfig,
    @Inject(CHANNEL_SENDERS) private readonly senders: ChannelSenders,
    private readonly box: SecretBox,
    private readonly slots: SendSlots,
  ) {
    // Each attempt listens to the stop signal, and Node warns of a leak above ten listeners.
    setMaxListeners(MAX_SLOTS, this.stop.signal)
  }

  async onModuleInit(): Promise<void> {
    this.timers.onWork(DELIVER, (work) => this.work(work), LEASE_MS)
    // Ends a delivery whose work was abandoned, so that it does not block its lane.
    this.timers.onGivenUp(DELIVER, (tx, { data }, detail) =>
      this.lanes.book(tx, data.delivery, { kind: 'gone', latencyMs: 0, detail }, tx.now),
    )
    await Promise.all(Object.values(this.senders).map((sender) => sender.open?.()))
  }

  onModuleDestroy(): void {
    this.stop.abort()
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(Object.values(this.senders).map((sender) => sender.close?.()))
  }

  private async work({ timer, finish, outside }: Parameters<WorkHandler<DeliveryTimer>>[0]): Promise<void> {
    const { delivery: id, partner } = timer.data
    const now = this.clock.now()
    const slot = this.stop.signal.aborted ? undefined : this.slots.take(partner, now)
    if (slot === undefined) {
      // Each claim costs a transaction, so deliveries to a hanging partner are claimed less often the longer the partner hangs.
      const afterMs = postponedMs(timer) + Math.min(this.slots.heldMs(partner, now), MAX_SLOT_WAIT_MS)
      await finish((tx) => this.lanes.postpone(tx, id, afterMs))
      return
    }
    try {
      const started = await this.begin(timer, id, slot)
      if (started === undefined) return void (await finish(async () => {}))
      if ('waitMs' in started) {
        const afterMs = started.waitMs + postponedMs(timer)
        return void (await finish((tx) => (started.isDown ? this.lanes.holdBack(tx, id, afterMs) : this.lanes.postpone(tx, id, afterMs))))
      }
      const outcome = await outside(() => this.call(started.attempt))
      // An attempt aborted by our own shutdown proves nothing about the partner.
      const cutShort = this.stop.signal.aborted && outcome.kind !== 'delivered' && outcome.kind !== 'working'
      const isBooked = await finish((tx) =>
        cutShort ? this.lanes.postpone(tx, id, postponedMs(timer)) : this.lanes.book(tx, id, outcome, started.startedAt),
      )
      if (isBooked || cutShort) return
      await this.database.locked(timer.keys, (tx) => this.lanes.bookLate(tx, id, outcome, started.startedAt)) // guard: late-outcome
    } finally {
      slot.release()
    }
  }

  /** Starts the attempt of a delivery, or returns how long it must wait; `undefined` if there is nothing left to send. */
  private begin(timer: Timer, id: string, slot: Slot): Promise<StartedAttempt | undefined> {
    return this.database.locked(timer.keys, async (tx) => {
      const delivery = await tx.documents(DELIVERIES).get(id)
      if (delivery?.state !== 'pending') return undefined
      const partner = await tx.documents(PARTNERS).get(delivery.partner)
      const channel = partner === undefined ? undefined : channelOf(partner, delivery.channel)
      if (partner === undefined || channel === undefined) return { startedAt: tx.now, attempt: 'the partner no longer has this channel' }
      const message = await tx.documents(MESSAGES).get(delivery.message)
      if (message === undefined) return { startedAt: tx.now, attempt: 'the message is older than what is kept' }
      const unsubscribeTime = channel.kind === 'email' ? unsubscribedAt(partner, channel.to) : null
      if (unsubscribeTime !== null && channel.kind === 'email') {
        const undo = command('partners.resubscribe', { partner: partner.id, address: channel.to })
        return { startedAt: tx.now, attempt: `the address unsubscribed at ${unsubscribeTime}; undo it by ${undo}` }
      }
      if (channel.kind === 'email' && !slot.takeRelay()) return { waitMs: RELAY_WAIT_MS, isDown: false }
      const gate = await this.gate.wait(tx, delivery, partner)
      if (gate.waitMs > 0) return gate
      await tx.documents(DELIVERIES).put({ ...delivery, sending: true })
      const attempt: Attempt = {
        partner: { id: partner.id, name: partner.name },
        channel,
        networks: partner.networks,
        id: delivery.messageId,
        body: Buffer.from(delivery.body),
        content: { ...message, supersedes: delivery.supersedes },
        timestamp: tx.now,
        receiptPage: receiptPageOf(delivery.body, this.config.publicUrl),
        unsubscribePage: channel.kind === 'email' ? await this.unsubscribePageOf(partner.id, channel.to) : undefined,
        isLastResort: delivery.channel === CONTACT,
        triesBefore: delivery.tries,
        task: delivery.task,
      }
      return { startedAt: tx.now, attempt }
    })
  }

  /** Returns the unsubscribe page. Without a sealing key mail is still sent; it then names only an address to write to. */
  private async unsubscribePageOf(partner: string, address: string): Promise<string | undefined> {
    const { publicUrl } = this.config
    if (publicUrl === undefined) return undefined
    const token = await sealAddressee(this.box, { partner, address }).catch(() => undefined)
    return token === undefined ? undefined : `${publicUrl}/unsubscribe/${token}`
  }

  private async call(attempt: Attempt | string): Promise<Outcome> {
    if (typeof attempt === 'string') return { kind: 'gone', latencyMs: 0, detail: attempt }
    try {
      const channel = await openChannel(this.box, attempt.partner.id, attempt.channel)
      return await dispatch(this.senders, { ...attempt, channel }, this.stop.signal)
    } catch (error) {
      return { kind: 'refused', latencyMs: 0, detail: describeError(error) }
    }
  }
}

function receiptPageOf(body: string, publicUrl: string | undefined): string | undefined {
  const token = receiptTokenIn(body)
  return token === undefined || publicUrl === undefined ? undefined : `${publicUrl}/receipts/${token}`
}

/**
 * Returns a wait of 100 to 899 ms. It depends on the lease epoch, which differs for each claim: of many waiting deliveries, one is then due
 * soon after a slot becomes free. It is never 0, because a stopping process would claim its own work in a loop.
 */
function postponedMs({ leaseEpoch }: Timer): number {
  return 100 + ((leaseEpoch * 137) % 800)
}
