import type { ReceivedEvent, ReversedPolicy, ToldPolicy, WithdrawnPolicy } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { DELIVERIES, type Delivery } from '../delivery/delivery.table.js'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { orSeveral } from '../delivery/find-deliveries.js'
import type { News, PolicyNews } from '../delivery/news.js'
import { noticeOf } from '../delivery/notice.js'
import { tellsOf, toldOf } from '../delivery/told-policies.js'
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
    // Those of a bundle are told under its smallest policy.
    await tx.lock([policyKey(policy)])
    const names = { cause: `rollback-${seq}`, messageCause: `rollback_${seq}` }
    const at = new Date(cause.time)
    if (to === null) return this.tell(tx, policy, from.version, (known) => ({ ...names, at, policies: [nothingInForce(known, cause)] }))
    const policies = [{ ...releaseFacts(to), release: to, replaced: null, before: from.version }] as const
    await this.tell(tx, policy, from.version, () => ({ ...names, at, policies }))
  }

  async withdrawn(tx: Transaction, { policy, from, seq }: WithdrawnPolicy, cause: ReceivedEvent): Promise<void> {
    const names = { cause: `withdrawal-${seq}`, messageCause: `withdrawal_${seq}`, at: new Date(cause.time) }
    await this.tell(tx, policy, from.version, (known) => ({ ...names, policies: [nothingInForce(known, cause)] }))
  }

  /** `newsFor`: from what they were told of the version. */
  private async tell(
    tx: Transaction,
    policy: string,
    version: string,
    newsFor: (known: ToldPolicy) => Omit<News, 'run' | 'stage'>,
  ): Promise<void> {
    const where = { policy: orSeveral(policy)!, version: orSeveral(version)!, state: ['delivered', 'pending'] }
    const query = { where, orderBy: 'created_at', descending: true, limit: MAX_DELIVERIES }
    const found = (await tx.documents(DELIVERIES).find(query)).filter((delivery) => tellsOf(delivery, policy, version))
    for (const id of new Set(found.map(({ partner }) => partner).sort())) {
      const deliveries = found.filter((delivery) => delivery.partner === id)
      const partner = await tx.documents(PARTNERS).get(id)
      if (partner === undefined) continue
      if (partner.lane === 'latest' && !deliveries.some(mayKnow)) {
        for (const delivery of deliveries) await this.lanes.supersede(tx, delivery)
        continue
      }
      const run = Math.max(...deliveries.map((delivery) => delivery.run))
      const known = toldOf(deliveries[0]!).find((told) => told.policy === policy)!
      await this.lanes.add(tx, noticeOf({ ...newsFor(known), run, stage: null }), [partner])
    }
  }
}

/** A try that failed may have been heard all the same. A bundle has other policies to tell of, so it is sent, and this after it. */
function mayKnow({ state, tries, sending, policies }: Delivery): boolean {
  return state === 'delivered' || tries > 0 || sending || policies !== undefined
}

function nothingInForce({ policy, version, digest }: ToldPolicy, { time }: ReceivedEvent): PolicyNews {
  return { policy, version, digest, effective: time, before: version, release: null, replaced: null }
}
