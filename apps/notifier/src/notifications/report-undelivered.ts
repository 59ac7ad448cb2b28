import { CONTACT } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import type { Delivery } from '../delivery/delivery.table.js'
import { bundleOf, isForOnCall, toldOf } from '../delivery/told-policies.js'

/** Says which partner no channel reached: approver asks people about it. */
@Injectable()
export class ReportUndelivered implements OnModuleInit {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly lanes: DeliveryLanes,
  ) {}

  onModuleInit(): void {
    this.lanes.onDead((tx, delivery) => this.report(tx, delivery))
  }

  /** A ticket about a message to those who are on call that nobody heard of would have no end. */
  private async report(tx: Transaction, dead: Delivery): Promise<void> {
    if (isForOnCall(dead) || dead.channel === CONTACT) return
    if ((await this.lanes.elsewhere(tx, dead)).some(({ channel }) => channel !== CONTACT)) return
    const { run, partner, channel, messageId: message, tries, log } = dead
    const key = toldOf(dead)
      .map(({ policy }) => policy)
      .toSorted()[0]!
    const data = { run, partner, channel, message, policies: bundleOf(dead), tries, detail: log.at(-1)?.detail ?? null }
    await this.runtime.emit(tx, 'hms.notification.undelivered.v1', data, { key, run })
  }
}
