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
import { knowsWithout, mayHaveCome, versionTold } from './belief.js'
import { releaseFacts } from './release-facts.js'
import { rememberReversal } from './reversal.table.js'

const MAX_DELIVERIES = 10_000
const MAX_BEFORE = 500

type UnaddressedNews = Omit<News, 'run' | 'stage'>

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
    await rememberReversal(tx, { policy, seq, from: from.digest, to: to?.releaseDigest ?? null }, cause)
    const names = { cause: `rollback-${seq}`, messageCause: `rollback_${seq}` }
    const at = new Date(cause.time)
    if (to === null) {
      const newsFor = (known: ToldPolicy): UnaddressedNews => ({ ...names, at, policies: [nothingInForce(known, cause)] })
      return this.tell(tx, { policy, version: from.version, inForce: null }, newsFor)
    }
    const policies = [{ ...releaseFacts(to), release: to, replaced: null, before: from.version }] as const
    await this.tell(tx, { policy, version: from.version, inForce: to.version }, () => ({ ...names, at, policies }))
  }

  /** A partner that was told of an earlier version only still lives by that one, so it is told too. */
  async withdrawn(tx: Transaction, { policy, from, seq }: WithdrawnPolicy, cause: ReceivedEvent): Promise<void> {
    await rememberReversal(tx, { policy, seq, from: from.digest, to: null }, cause)
    const names = { cause: `withdrawal-${seq}`, messageCause: `withdrawal_${seq}`, at: new Date(cause.time) }
    await this.tell(tx, { policy, inForce: null }, (known) => ({ ...names, policies: [nothingInForce(known, cause)] }))
  }

  /** `version`: tells those who were told of it, or are to be; without it, of any. `newsFor`: from what they were told last. */
  private async tell(
    tx: Transaction,
    { policy, version, inForce }: { policy: string; version?: string; inForce: string | null },
    newsFor: (known: ToldPolicy) => UnaddressedNews,
  ): Promise<void> {
    const told = { policy: orSeveral(policy)!, ...(version === undefined ? {} : { version: orSeveral(version)! }) }
    const where = { ...told, state: ['delivered', 'pending'] }
    const query = { where, orderBy: 'created_at', descending: true, limit: MAX_DELIVERIES }
    const found = (await tx.documents(DELIVERIES).find(query)).filter((delivery) => tellsOf(delivery, policy, version))
    for (const id of new Set(found.map(({ partner }) => partner).sort())) {
      const deliveries = found.filter((delivery) => delivery.partner === id)
      const partner = await tx.documents(PARTNERS).get(id)
      if (partner === undefined || versionTold(deliveries[0]!, policy) === null) continue
      const isUntried = partner.lane === 'latest' && !deliveries.some(mayKnow)
      if (isUntried && knowsWithout(deliveries, await toldBefore(tx, id, policy), policy, inForce)) {
        for (const delivery of deliveries) await this.lanes.supersede(tx, delivery)
        continue
      }
      const run = Math.max(...deliveries.map((delivery) => delivery.run))
      const known = toldOf(deliveries[0]!).find((each) => each.policy === policy)!
      await this.lanes.add(tx, noticeOf({ ...newsFor(known), run, stage: null }), [partner])
    }
  }
}

/** A bundle has other policies to tell of, so it is sent, and this after it. */
function mayKnow(delivery: Delivery): boolean {
  return mayHaveCome(delivery) || delivery.policies !== undefined
}

async function toldBefore(tx: Transaction, partner: string, policy: string): Promise<Delivery[]> {
  const where = { partner, policy: orSeveral(policy)! }
  const found = await tx.documents(DELIVERIES).find({ where, orderBy: 'created_at', descending: true, limit: MAX_BEFORE })
  return found.filter((delivery) => tellsOf(delivery, policy, undefined))
}

function nothingInForce({ policy, version, digest }: ToldPolicy, { time }: ReceivedEvent): PolicyNews {
  return { policy, version, digest, effective: time, before: version, release: null, replaced: null }
}
