import type { ReceivedEvent, ReversedPolicy, WithdrawnPolicy } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { DELIVERIES, type Delivery } from '../delivery/delivery.table.js'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import type { News } from '../delivery/news.js'
import { PARTNERS } from '../partners/partner.table.js'
import { releaseFacts } from './release-facts.js'

const MAX_DELIVERIES = 10_000

/** A version went back, or was withdrawn: partners that were told of it are told that. No stage waits for it. */
@Injectable()
export class TellOfReversal {
  constructor(private readonly lanes: DeliveryLanes) {}

  /**
   * They are told what is in force again; of a first version, that nothing is. Most first versions that their run took back were told to
   * nobody, but one that was announced for later was.
   */
  async reversed(tx: Transaction, { policy, from, to, seq }: ReversedPolicy, cause: ReceivedEvent): Promise<void> {
    const names = { cause: `rollback-${seq}`, messageCause: `rollback_${seq}` }
    if (to === null) return this.tell(tx, policy, from.version, (known) => ({ ...names, ...nothingInForce(known, cause) }))
    const facts = releaseFacts(to)
    const documents = { release: to, replaced: null }
    const context = { before: from.version, bundle: [`${policy}@${facts.version}`], at: new Date(cause.time), ...documents }
    await this.tell(tx, policy, from.version, () => ({ ...names, ...facts, ...context }))
  }

  async withdrawn(tx: Transaction, { policy, from, seq }: WithdrawnPolicy, cause: ReceivedEvent): Promise<void> {
    const names = { cause: `withdrawal-${seq}`, messageCause: `withdrawal_${seq}` }
    await this.tell(tx, policy, from.version, (known) => ({ ...names, ...nothingInForce(known, cause) }))
  }

  /** `newsFor`: from a delivery of the version that they were told of. */
  private async tell(
    tx: Transaction,
    policy: string,
    version: string,
    newsFor: (known: Delivery) => Omit<News, 'run' | 'stage'>,
  ): Promise<void> {
    const where = { policy, version, state: ['delivered', 'pending'] }
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
      await this.lanes.add(tx, { ...newsFor(deliveries[0]!), run, stage: null }, [partner])
    }
  }
}

/** A try that failed may have been heard all the same. */
function mayKnow({ state, tries, sending }: Delivery): boolean {
  return state === 'delivered' || tries > 0 || sending
}

function nothingInForce(
  { policy, version, digest }: Delivery,
  { time }: ReceivedEvent,
): Omit<News, 'run' | 'stage' | 'cause' | 'messageCause'> {
  const nothing = { bundle: [], release: null, replaced: null }
  return { policy, version, digest, effective: time, before: version, at: new Date(time), ...nothing }
}
