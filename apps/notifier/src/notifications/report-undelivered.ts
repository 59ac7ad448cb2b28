import { CONTACT } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DeliveryLanes, type DeliveryListener } from '../delivery/delivery-lanes.js'
import type { Delivery } from '../delivery/delivery.table.js'
import { isAnnouncement } from '../delivery/news.js'
import { bundleOf, isForOnCall, policiesOf } from '../delivery/notified-policies.js'

/** Publishes that a message reached a partner on none of its channels, so that approver opens a ticket. */
@Injectable()
export class ReportUndelivered implements OnModuleInit, DeliveryListener {
  constructor(
    private readonly outbox: Outbox,
    private readonly lanes: DeliveryLanes,
  ) {}

  onModuleInit(): void {
    this.lanes.addListener(this)
  }

  /** Reports an undelivered message, except to on-call people (tickets would never end) and announcements (the run's message follows). */
  async dead(tx: Transaction, dead: Delivery): Promise<void> {
    if (isForOnCall(dead) || dead.channel === CONTACT || isAnnouncement(dead)) return
    if ((await this.lanes.otherDeliveries(tx, dead)).some(({ channel }) => channel !== CONTACT)) return // guard: undelivered-on-all
    const { run, partner, channel, messageId: message, tries, log } = dead
    const key = policiesOf(dead)
      .map(({ policy }) => policy)
      .toSorted()[0]!
    const data = { run, partner, channel, message, policies: bundleOf(dead), tries, detail: log.at(-1)?.detail ?? null }
    await this.outbox.emit(tx, 'hms.notification.undelivered.v1', data, { key, run })
  }
}
