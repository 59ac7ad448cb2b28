import type { KeptPolicy, ReceivedEvent, ReversedPolicy, WithdrawnPolicy } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { contentsOf } from '../channels/channel-sender.js'
import { DELIVERIES, type Delivery, MESSAGES, wayOf } from '../delivery/delivery.table.js'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { orSeveral } from '../delivery/find-deliveries.js'
import { isAnnouncement, type News, noticeOf, type PolicyNews, releaseFacts } from '../delivery/news.js'
import { concerns, policiesOf } from '../delivery/notified-policies.js'
import { asksFor } from '../partners/partner.js'
import { PARTNERS } from '../partners/partner.table.js'
import { leftInForce, rememberReversal } from './reversal.table.js'

const MAX_DELIVERIES = 10_000
const MAX_BEFORE = 500

/** Notifies partners of the rollback or withdrawal of a version they were notified of. No stage waits for it. */
@Injectable()
export class NotifyReversal {
  constructor(private readonly lanes: DeliveryLanes) {}

  /**
   * Notifies partners of the version that is in force again. After the rollback of a first version: that no version is in force. Partners
   * may know a first version that its own run rolled back, because a version that takes effect later is announced in advance.
   */
  async reversed(tx: Transaction, reversed: ReversedPolicy, cause: ReceivedEvent): Promise<void> {
    const { policy, from, inForce, to, seq, replacedBy, change, storedAt } = reversed
    // The event has the key of the bundle's smallest policy, so the lock of this policy is taken here.
    await tx.lock([policyKey(policy)])
    const gone = inForce === undefined ? [from] : [from, inForce]
    for (const { digest } of gone) await rememberReversal(tx, { policy, seq, from: digest, to }, cause)
    // A replacement has ids of its own, because the same head may also belong to a rollback.
    const what = replacedBy === undefined ? 'rollback' : 'replaced' // guard: dropped-has-its-own-id
    const facts = {
      cause: `${what}-${seq}`,
      messageCause: `${what}_${seq}`,
      publicReason: change?.publicReason,
      at: new Date(cause.time),
      storedAt,
    }
    const versions = gone.map(({ version }) => version) // guard: first-version-taken-back
    const again = to === null ? undefined : { ...releaseFacts(to), release: to, replaced: null }
    await this.notify(tx, { policy, versions, again }, facts, cause)
  }

  /** Notifies partners of a withdrawal, also partners that know only an earlier version, because they still apply that version. */
  async withdrawn(tx: Transaction, { policy, from, seq, publicReason }: WithdrawnPolicy, cause: ReceivedEvent): Promise<void> {
    await rememberReversal(tx, { policy, seq, from: from.digest, to: null }, cause)
    const facts = { cause: `withdrawal-${seq}`, messageCause: `withdrawal_${seq}`, publicReason, at: new Date(cause.time) }
    await this.notify(tx, { policy }, facts, cause)
  }

  /** Notifies partners that a run ended, if its announcement is their last message. The run's release stays in force only if in `kept`. */
  async ended(tx: Transaction, { run, kept = [] }: { run: number; kept?: readonly KeptPolicy[] }, cause: ReceivedEvent): Promise<void> {
    const where = { run, state: ['delivered', 'pending', 'dead'] }
    const found = await tx.documents(DELIVERIES).find({ where, orderBy: 'created_at', descending: true, limit: MAX_DELIVERIES })
    const message = found.find(isAnnouncement)?.message
    const content = message === undefined ? undefined : await tx.documents(MESSAGES).get(message)
    if (content === undefined) return
    const facts = { cause: `ended-${run}`, messageCause: `ended_${run}`, at: new Date(cause.time) }
    for (const { policy, version, release, replaced } of contentsOf(content).toSorted((a, b) => (a.policy < b.policy ? -1 : 1))) {
      await tx.lock([policyKey(policy)])
      const left = kept.some(({ id }) => id === policy) ? release : replaced
      const inForce = await leftInForce(tx, left, new Date(content.at)) // guard: end-is-current
      const again = inForce === null ? undefined : { ...releaseFacts(inForce), release: inForce, replaced: null }
      await this.notify(tx, { policy, versions: [version], again, isAnnounced: true }, facts, cause)
    }
  }

  /** Notifies partners that may know one of `versions`; if absent, any version. `again`: the release that is in force now. */
  private async notify(
    tx: Transaction,
    {
      policy,
      versions,
      again,
      isAnnounced = false,
    }: { policy: string; versions?: readonly string[]; again?: Omit<PolicyNews, 'before'>; isAnnounced?: boolean },
    facts: Omit<News, 'run' | 'stage' | 'policies'>,
    { time }: ReceivedEvent,
  ): Promise<void> {
    const ofVersions = { version: versions?.flatMap((each) => orSeveral(each)!) ?? [] }
    const where = { policy: orSeveral(policy)!, ...(versions === undefined ? {} : ofVersions), state: ['delivered', 'pending', 'dead'] }
    const query = { where, orderBy: 'created_at', descending: true, limit: MAX_DELIVERIES }
    const found = (await tx.documents(DELIVERIES).find(query)).filter(
      (delivery) => isOwed(delivery) && (versions ?? [undefined]).some((version) => concerns(delivery, policy, version)),
    )
    for (const id of new Set(found.map(({ partner }) => partner).sort())) {
      const deliveries = found.filter((delivery) => delivery.partner === id)
      const partner = await tx.documents(PARTNERS).get(id)
      const newest = deliveries.find(({ state }) => state !== 'dead')
      if (partner === undefined || (newest && reportedVersion(newest, policy) === null)) continue // guard: withdrawn-once
      const all = await deliveriesBefore(tx, id, policy)
      if (isAnnounced && !isAnnouncement(all[0]!)) continue // guard: end-sent-once
      const isUntried = partner.lane === 'latest' && !deliveries.some(mayKnow)
      if (isUntried && isUpToDateWithout(deliveries, all, policy, again?.version ?? null)) {
        for (const delivery of deliveries) await this.lanes.supersede(tx, delivery)
        continue
      }
      const run = Math.max(...deliveries.map((delivery) => delivery.run))
      const known = policiesOf(deliveries[0]!).find((each) => each.policy === policy)!
      const news = again ?? { ...known, effective: time, release: null, replaced: null }
      const isBack = again !== undefined && again.version !== known.version && asksFor(partner, 'rolled-back')
      const kind = isBack ? ({ kind: 'rolled-back' } as const) : {}
      await this.lanes.add(tx, noticeOf({ ...facts, ...kind, policies: [{ ...news, before: known.version }], run, stage: null }), [partner])
    }
  }
}

/** Whether the partner may know the version. A queued bundle counts: it is sent for its other policies, before the reversal. */
function mayKnow(delivery: Delivery): boolean {
  return mayHaveCome(delivery) || delivery.policies !== undefined // guard: bundle-taken-back
}

async function deliveriesBefore(tx: Transaction, partner: string, policy: string): Promise<Delivery[]> {
  const where = { partner, policy: orSeveral(policy)! }
  const found = await tx.documents(DELIVERIES).find({ where, orderBy: 'created_at', descending: true, limit: MAX_BEFORE })
  return found.filter((delivery) => concerns(delivery, policy, undefined))
}

/** Whether the message needs a reversal: it was not abandoned, or one of its attempts may have reached the partner. */
function isOwed({ state, log, redrives = [] }: Delivery): boolean {
  const mayHaveArrived = log.some(({ outcome }) => ['retry', 'working'].includes(outcome))
  return state !== 'dead' || redrives.length > 0 || mayHaveArrived // guard: abandoned-corrected
}

/** Whether the partner may have received the message: a failed attempt, or an attempt before a redrive, may have reached the partner. */
function mayHaveCome({ state, tries, sending, redrives = [] }: Delivery): boolean {
  return state === 'delivered' || tries > 0 || sending || redrives.length > 0 // guard: redriven-corrected
}

/** Returns the version of the policy that the message reports as in force; `null` if it reports that none is. */
function reportedVersion(delivery: Delivery, policy: string): string | null {
  const { type } = JSON.parse(delivery.body) as { type: string }
  return type === 'policy.withdrawn' ? null : policiesOf(delivery).find((each) => each.policy === policy)!.version
}

/**
 * Whether a partner is up to date without the messages in `waiting`, none of them attempted: on each of their channels, the last message
 * that may have arrived, if any, was delivered and reports `inForce` (`null`: no version). `deliveries`: all of one policy, newest first.
 */
function isUpToDateWithout(waiting: readonly Delivery[], deliveries: readonly Delivery[], policy: string, inForce: string | null): boolean {
  return waiting.every((each) => {
    const last = deliveries.find((other) => wayOf(other) === wayOf(each) && mayHaveCome(other))
    return last === undefined || (last.state === 'delivered' && reportedVersion(last, policy) === inForce) // guard: held-back-corrected
  })
}
