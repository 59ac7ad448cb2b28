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
  async reversed(tx: Transaction, reversed: ReversedPolicy, cause: ReceivedEvent): Promise<void> {
    const { policy, from, inForce, to, seq, replacedBy, change } = reversed
    // Those of a bundle are told under its smallest policy.
    await tx.lock([policyKey(policy)])
    const gone = inForce === undefined ? [from] : [from, inForce]
    for (const { digest } of gone) await rememberReversal(tx, { policy, seq, from: digest, to: to?.releaseDigest ?? null }, cause)
    // Its head may be that of a rollback.
    const what = replacedBy === undefined ? 'rollback' : 'replaced'
    const names = { cause: `${what}-${seq}`, messageCause: `${what}_${seq}`, publicReason: change?.publicReason }
    const at = new Date(cause.time)
    const versions = gone.map(({ version }) => version)
    if (to === null) {
      const newsFor = (known: ToldPolicy): UnaddressedNews => ({ ...names, at, policies: [nothingInForce(known, cause)] })
      return this.tell(tx, { policy, versions, inForce: null }, newsFor)
    }
    const again = { ...releaseFacts(to), release: to, replaced: null }
    const newsFor = ({ version: before }: ToldPolicy): UnaddressedNews => ({ ...names, at, policies: [{ ...again, before }] })
    await this.tell(tx, { policy, versions, inForce: to.version }, newsFor)
  }

  /** A partner that was told of an earlier version only still lives by that one, so it is told too. */
  async withdrawn(tx: Transaction, { policy, from, seq, publicReason }: WithdrawnPolicy, cause: ReceivedEvent): Promise<void> {
    await rememberReversal(tx, { policy, seq, from: from.digest, to: null }, cause)
    const names = { cause: `withdrawal-${seq}`, messageCause: `withdrawal_${seq}`, publicReason, at: new Date(cause.time) }
    await this.tell(tx, { policy, inForce: null }, (known) => ({ ...names, policies: [nothingInForce(known, cause)] }))
  }

  /** `versions`: tells those who were told of one, or are to be; without them, of any. `newsFor`: from what they were told last. */
  private async tell(
    tx: Transaction,
    { policy, versions, inForce }: { policy: string; versions?: readonly string[]; inForce: string | null },
    newsFor: (known: ToldPolicy) => UnaddressedNews,
  ): Promise<void> {
    const told = {
      policy: orSeveral(policy)!,
      ...(versions === undefined ? {} : { version: versions.flatMap((each) => orSeveral(each)!) }),
    }
    const where = { ...told, state: ['delivered', 'pending'] }
    const query = { where, orderBy: 'created_at', descending: true, limit: MAX_DELIVERIES }
    const found = (await tx.documents(DELIVERIES).find(query)).filter((delivery) =>
      (versions ?? [undefined]).some((version) => tellsOf(delivery, policy, version)),
    )
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
