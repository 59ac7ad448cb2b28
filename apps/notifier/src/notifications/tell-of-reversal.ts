import type { ReceivedEvent, ReversedPolicy } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { DELIVERIES, type Delivery } from '../delivery/delivery.table.js'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { PARTNERS } from '../partners/partner.table.js'
import { releaseFacts } from './release-facts.js'

const MAX_DELIVERIES = 10_000

/**
 * A version went back: partners that were told of it are told what is in force again. No stage waits for that. A withdrawal, which restores
 * nothing, tells nobody yet.
 */
@Injectable()
export class TellOfReversal {
  constructor(private readonly lanes: DeliveryLanes) {}

  async execute(tx: Transaction, reversed: ReversedPolicy, cause: ReceivedEvent): Promise<void> {
    const { policy, from, to, seq } = reversed
    if (to === null) return
    const where = { policy, version: from.version, state: ['delivered', 'pending'] }
    const found = await tx.documents(DELIVERIES).find({ where, limit: MAX_DELIVERIES })
    for (const id of new Set(found.map((delivery) => delivery.partner))) {
      const deliveries = found.filter((delivery) => delivery.partner === id)
      const partner = await tx.documents(PARTNERS).get(id)
      if (partner === undefined) continue
      if (partner.lane === 'latest' && !deliveries.some(mayKnow)) {
        for (const delivery of deliveries) await this.lanes.supersede(tx, delivery)
        continue
      }
      const run = Math.max(...deliveries.map((delivery) => delivery.run))
      const names = { cause: `rollback-${seq}`, messageCause: `rollback_${seq}`, run, stage: null }
      const facts = releaseFacts(to)
      const context = { before: from.version, bundle: [`${policy}@${facts.version}`], at: new Date(cause.time) }
      await this.lanes.add(tx, { ...names, ...facts, ...context }, partner)
    }
  }
}

/** A try that failed may have been heard all the same. */
function mayKnow({ state, tries, sending }: Delivery): boolean {
  return state === 'delivered' || tries > 0 || sending
}
