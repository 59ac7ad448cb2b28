import { setMaxListeners } from 'node:events'
import { CONTACT } from '#libs/contracts'
import type { Timer, WorkHandler } from '#libs/persistence'
import { describeError } from '#libs/platform'
import { ServiceRuntime } from '#libs/service'
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common'
import { CHANNEL_SENDERS, type Attempt, type ChannelSenders, type Outcome } from '../channels/channel-sender.js'
import { closeSenders, dispatch, openSenders } from '../channels/dispatch.js'
import { NotifierConfig } from '../notifier.config.js'
import { channelOf, PARTNERS, unsubscribedAt } from '../partners/partner.table.js'
import { openChannel } from '../secrets/sealed-channels.js'
import { SecretBox } from '../secrets/secret-box.js'
import { sealAddressee } from '../secrets/unsubscribe-token.js'
import { DeliveryLanes } from './delivery-lanes.js'
import { DELIVER, DELIVERIES, MESSAGES, type DeliveryTimer } from './delivery.table.js'
import { receiptTokenIn } from './receipt-token.js'
import { PartnerGate } from './partner-gate.js'
import { SendSlots, TRIES_IN_ALL, type Slot } from './send-slots.js'

/** Longer than a try may take, so that a slow partner is not called twice at once. */
const LEASE_MS = 30_000
const MOST_SLOT_WAIT_MS = 5_000
/** A relay takes mails one after the other; asking for a place costs a transaction. */
const RELAY_WAIT_MS = 1_000

/** `attempt`: or why there is nothing to send it on. */
type Begun = { startedAt: Date; attempt: Attempt | string } | { waitMs: number; isDown: boolean }

/**
 * The worker: marks a delivery as being sent, calls the partner outside any transaction, books what came of it. A crash in between sends
 * once more after the lease, under the same message id.
 */
@Injectable()
export class SendDelivery implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  private readonly gate = new PartnerGate()
  private readonly stop = new AbortController()

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly lanes: DeliveryLanes,
    private readonly config: NotifierConfig,
    @Inject(CHANNEL_SENDERS) private readonly senders: ChannelSenders,
    private readonly box: SecretBox,
    private readonly slots: SendSlots,
  ) {
    // Each try hears of the end by it, and Node takes more than ten for a leak.
    setMaxListeners(TRIES_IN_ALL, this.stop.signal)
  }

  async onModuleInit(): Promise<void> {
    this.runtime.onWork(DELIVER, (work) => this.work(work), LEASE_MS)
    // What no try can send must not hold up its lane.
    this.runtime.onGivenUp(DELIVER, (tx, { data }, detail) =>
      this.lanes.book(tx, data.delivery, { kind: 'gone', latencyMs: 0, detail }, tx.now),
    )
    await openSenders(this.senders)
  }

  onModuleDestroy(): void {
    this.stop.abort()
  }

  onApplicationShutdown(): Promise<void> {
    return closeSenders(this.senders)
  }

  private async work({ timer, finish, outside }: Parameters<WorkHandler<DeliveryTimer>>[0]): Promise<void> {
    const { delivery: id, partner } = timer.data
    const now = this.runtime.clock.now()
    const slot = this.stop.signal.aborted ? undefined : this.slots.take(partner, now)
    if (slot === undefined) {
      // Each look costs a transaction: of many that wait for a partner who hangs, none looks often.
      const afterMs = postponedMs(timer) + Math.min(this.slots.heldMs(partner, now), MOST_SLOT_WAIT_MS)
      await finish((tx) => this.lanes.postpone(tx, id, afterMs))
      return
    }
    try {
      const begun = await this.begin(timer, id, slot)
      if (begun === undefined) return void (await finish(async () => {}))
      if ('waitMs' in begun) {
        const afterMs = begun.waitMs + postponedMs(timer)
        return void (await finish((tx) => (begun.isDown ? this.lanes.holdBack(tx, id, afterMs) : this.lanes.postpone(tx, id, afterMs))))
      }
      const outcome = await outside(() => this.call(begun.attempt))
      // A try that our own shutdown cut short says nothing of the partner.
      const cutShort = this.stop.signal.aborted && outcome.kind !== 'delivered'
      await finish((tx) => (cutShort ? this.lanes.postpone(tx, id, postponedMs(timer)) : this.lanes.book(tx, id, outcome, begun.startedAt)))
    } finally {
      slot.release()
    }
  }

  /** `undefined` when there is nothing to send any more. */
  private begin(timer: Timer, id: string, slot: Slot): Promise<Begun | undefined> {
    return this.runtime.database.locked(timer.keys, async (tx) => {
      const delivery = await tx.documents(DELIVERIES).get(id)
      if (delivery?.state !== 'pending') return undefined
      const partner = await tx.documents(PARTNERS).get(delivery.partner)
      const channel = partner === undefined ? undefined : channelOf(partner, delivery.channel)
      if (partner === undefined || channel === undefined) return { startedAt: tx.now, attempt: 'the partner no longer has this channel' }
      const message = await tx.documents(MESSAGES).get(delivery.message)
      if (message === undefined) return { startedAt: tx.now, attempt: 'the message is older than what is kept' }
      const wish = channel.kind === 'email' ? unsubscribedAt(partner, channel.to) : null
      if (wish !== null && channel.kind === 'email') return { startedAt: tx.now, attempt: unsubscribedWords(partner.id, channel.to, wish) }
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
        ...receiptPageOf(delivery.body, this.config.publicUrl),
        ...(channel.kind === 'email' ? await this.unsubscribePageOf(partner.id, channel.to) : {}),
        ...(delivery.channel === CONTACT ? { isLastResort: true } : {}),
        triesBefore: delivery.tries,
      }
      return { startedAt: tx.now, attempt }
    })
  }

  /** Without a key that seals, mail goes all the same: it then names an address to write to alone. */
  private async unsubscribePageOf(partner: string, address: string): Promise<{ unsubscribePage?: string }> {
    const { publicUrl } = this.config
    if (publicUrl === undefined) return {}
    const token = await sealAddressee(this.box, { partner, address }).catch(() => undefined)
    return token === undefined ? {} : { unsubscribePage: `${publicUrl}/unsubscribe/${token}` }
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

function receiptPageOf(body: string, publicUrl: string | undefined): { receiptPage?: string } {
  const token = receiptTokenIn(body)
  return token === undefined || publicUrl === undefined ? {} : { receiptPage: `${publicUrl}/receipts/${token}` }
}

function unsubscribedWords(partner: string, address: string, at: string): string {
  return `the address unsubscribed at ${at}; undo it by hms-svc partners resubscribe ${partner} --address ${address} --reason TEXT`
}

/**
 * 100 to 900 ms. Spread, so that of many who wait one is there whenever a hand gets free; the epoch is another one for each claim. Never
 * at once: a stopping process would spin on its own work.
 */
function postponedMs({ leaseEpoch }: Timer): number {
  return 100 + ((leaseEpoch * 137) % 800)
}
