import { Database, lockedDocument, timerKind, Timers, type Transaction, type WorkHandler } from '#libs/persistence'
import { Clock, Logger } from '#libs/platform'
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common'
import { CHANNEL_SENDERS, senderOf, type AckResult, type ChannelSenders } from '../channels/channel-sender.js'
import { DELIVERIES, type Delivery } from '../delivery/delivery.table.js'
import { DeliveryLanes, type DeliveryListener } from '../delivery/delivery-lanes.js'
import { SendSlots } from '../delivery/send-slots.js'
import { lockKeysOf } from '../delivery/notified-policies.js'
import { channelOf, PARTNERS, type RegisteredPartner } from '../partners/partner.table.js'
import { openChannel } from '../secrets/sealed-channels.js'
import { SecretBox } from '../secrets/secret-box.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Offsets in ms after a document's last attempt at which its folder is checked: often within half an hour, then for a week. */
export const CHECK_OFFSETS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 20, 25, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 8, 12, 24, 48, 72, 96, 120, 144, 168].map((hours) => hours * HOUR),
]
/** Minimum gap between two checks, regardless of the number and times of documents. */
export const MIN_GAP_MS = 30_000

/** Returns the next check for documents whose last attempts were at these times; `undefined` when all offsets have passed. */
export function nextCheck(triedAt: readonly Date[], now: Date): Date | undefined {
  const due = triedAt.flatMap((at) => {
    const offset = CHECK_OFFSETS_MS.find((each) => at.getTime() + each > now.getTime())
    return offset === undefined ? [] : [at.getTime() + offset]
  })
  return due.length === 0 ? undefined : new Date(Math.max(Math.min(...due), now.getTime() + MIN_GAP_MS))
}

/** Folder to check: a partner's channel, with one timer each. */
type Mailbox = { partner: string; channel: string }
const CHECK = timerKind<Mailbox>('sftp-look')

/** Lease of a check in ms: longer than a check may take. */
const LEASE_MS = 30_000
const POSTPONE_MS = 5_000
/** Number of a partner's newest deliveries that are searched for missing acknowledgements. */
const MAX_SEARCHED = 500
/** Age in ms up to which a document is checked: a day beyond the last offset, because a process that was down runs the last check late. */
const MAX_AGE_MS = CHECK_OFFSETS_MS.at(-1)! + 24 * 60 * 60_000
const MAX_NOTE = 300

/** Checks folders for `.ack` files. Timer rows trigger the checks, so a crash loses none. A failed check does not affect the breaker. */
@Injectable()
export class CheckForAcks implements OnModuleInit, OnModuleDestroy, DeliveryListener {
  private readonly stop = new AbortController()
  private isChecking = false

  constructor(
    private readonly database: Database,
    private readonly timers: Timers,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly lanes: DeliveryLanes,
    @Inject(CHANNEL_SENDERS) private readonly senders: ChannelSenders,
    private readonly box: SecretBox,
    private readonly slots: SendSlots,
  ) {}

  onModuleInit(): void {
    this.lanes.addListener(this)
    this.timers.onWork(CHECK, (work) => this.work(work), LEASE_MS)
    // The deliveries stay delivered; the next document starts a new series of checks.
    this.timers.onGivenUp(CHECK, async () => {})
  }

  onModuleDestroy(): void {
    this.stop.abort()
  }

  /** Schedules a check after a document was written. An earlier pending check is kept. */
  async delivered(tx: Transaction, { partner, channel }: Delivery, registered: RegisteredPartner): Promise<void> {
    const mailbox = { partner, channel }
    const kind = channelOf(registered, channel)?.kind
    if (kind === undefined || this.senders[kind]?.acknowledgements === undefined) return
    await tx.lock([checkId(mailbox)])
    const pending = (await this.timers.pending(tx, checkId(mailbox))).find(({ id }) => id === checkId(mailbox))
    const dueAt = nextCheck([tx.now], tx.now)!
    if (pending === undefined || pending.dueAt > dueAt) await this.schedule(tx, mailbox, dueAt)
  }

  private async work({ timer, finish, outside }: Parameters<WorkHandler<Mailbox>>[0]): Promise<void> {
    const mailbox = timer.data
    // One check at a time, and never in place of an attempt: a server that hangs must not use the slots that attempts need.
    const slot = this.stop.signal.aborted || this.isChecking ? undefined : this.slots.take(mailbox.partner, this.clock.now())
    if (slot === undefined) {
      await finish((tx) => this.schedule(tx, mailbox, new Date(tx.now.getTime() + POSTPONE_MS)))
      return
    }
    this.isChecking = true
    try {
      const { partner, deliveries } = await this.database.transaction((tx) => this.awaited(tx, mailbox))
      if (partner !== undefined && deliveries.length > 0) await outside(() => this.check(partner, mailbox, deliveries))
      await finish(async (tx) => {
        const { deliveries: left } = await this.awaited(tx, mailbox)
        const next = nextCheck(left.map(triedAt), tx.now)
        if (next !== undefined) await this.schedule(tx, mailbox, next)
      })
    } finally {
      this.isChecking = false
      slot.release()
    }
  }

  private async check(partner: RegisteredPartner, mailbox: Mailbox, deliveries: readonly Delivery[]): Promise<void> {
    const result = await this.fetchAcks(partner, mailbox, deliveries)
    if (!result.ok) {
      this.log.info({ ...mailbox, detail: result.detail }, 'a folder could not be checked for acknowledgements')
      return
    }
    for (const { id, messageId } of deliveries) {
      const text = result.acks.get(messageId)
      if (text === undefined) continue
      await this.database.transaction(async (tx) => {
        const delivery = await lockedDocument(tx, DELIVERIES, id, lockKeysOf)
        if (delivery !== undefined) await this.lanes.acknowledge(tx, delivery, { way: 'file', keyId: null, note: noteOf(text) })
      })
    }
  }

  private async fetchAcks(partner: RegisteredPartner, { channel: name }: Mailbox, deliveries: readonly Delivery[]): Promise<AckResult> {
    const sealed = channelOf(partner, name)
    if (sealed === undefined) return { ok: false, detail: 'the partner no longer has this channel' }
    const channel = await openChannel(this.box, partner.id, sealed)
    const messages = deliveries.map(({ messageId: id, policy, version }) => ({ id, policy, version }))
    const source = { channel, networks: partner.networks }
    const result = await senderOf(this.senders, channel)?.acknowledgements?.(source, messages, this.stop.signal)
    return result ?? { ok: false, detail: `a channel of kind ${channel.kind} has no acknowledgement files` }
  }

  /** Returns the partner, and its unacknowledged deliveries on the channel that are not too old to be checked; newest first. */
  private async awaited(
    tx: Transaction,
    { partner: id, channel }: Mailbox,
  ): Promise<{ partner?: RegisteredPartner; deliveries: Delivery[] }> {
    const partner = await tx.documents(PARTNERS).get(id)
    const query = { where: { partner: id, state: 'delivered' }, orderBy: 'created_at', descending: true, limit: MAX_SEARCHED }
    const found = await tx.documents(DELIVERIES).find(query)
    const isAwaited = (delivery: Delivery): boolean =>
      delivery.channel === channel && delivery.acknowledged === undefined && tx.now.getTime() - triedAt(delivery).getTime() <= MAX_AGE_MS
    return { partner, deliveries: found.filter(isAwaited) }
  }

  private schedule(tx: Transaction, mailbox: Mailbox, dueAt: Date): Promise<void> {
    return this.timers.schedule(tx, { id: checkId(mailbox), kind: CHECK, keys: [checkId(mailbox)], data: mailbox, dueAt })
  }
}

/** Returns the id of a folder's timer and lock. The lock is taken after policy locks and before stage locks. */
function checkId({ partner, channel }: Mailbox): string {
  return `${CHECK}:${partner}/${channel}`
}

function triedAt({ log, createdAt }: Delivery): Date {
  return new Date(log.at(-1)?.at ?? createdAt)
}

/** Returns the partner's text on one line and without control characters, for lists and logs. */
function noteOf(text: string): string | null {
  const plain = text
    .toWellFormed()
    .replace(/\p{C}+/gu, ' ')
    .trim()
  return plain === '' ? null : [...plain].slice(0, MAX_NOTE).join('')
}
