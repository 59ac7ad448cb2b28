import { action, defined, HmsError, type DeliveryDetail, type RedriveManyRequest, type RedriveResult } from '#libs/contracts'
import { Database, lockedDocument } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { DELIVERIES, type Delivery } from '../delivery/delivery.table.js'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { deliveryDetail, deliveryUnknown, deliveryView, knownDelivery } from '../delivery/delivery-view.js'
import { orSeveral } from '../delivery/find-deliveries.js'
import { lockKeysOf, concerns } from '../delivery/notified-policies.js'
import { PARTNERS } from '../partners/partner.table.js'
import { decideRedrive, overtaken, sentOn, type RedriveDecision } from './decide-redrive.js'

/** Maximum number of messages that one request redrives; a repeated request continues. Skipped messages do not count. */
const MAX_AT_ONCE = 500
const PAGE = 500
/** Gap in ms between messages to one partner, equal to `DEFAULT_RATE` (5 a second), so that a redriven backlog is not due all at once. */
const PACE_MS = 200

type RedriveRequester = { by: string; reason: string }
type AbandonedDelivery = Pick<Delivery, 'id' | 'partner' | 'createdAt' | 'message' | 'lane'>

/** Redrives messages at a person's request: same id, same bytes, a fresh schedule of 24 hours. */
@Injectable()
export class RedriveDeliveries {
  constructor(
    private readonly database: Database,
    private readonly lanes: DeliveryLanes,
  ) {}

  /** Redrives one message, unless it is pending. Throws `HMS_DELIVERY_UNKNOWN` (404), `HMS_DELIVERY_OVERTAKEN` (409). */
  async one(id: string, requester: RedriveRequester): Promise<DeliveryDetail> {
    const decision = await this.redrive({ id }, requester, 0)
    if (decision.do === 'nothing' && decision.because === 'overtaken')
      throw new HmsError('HMS_DELIVERY_OVERTAKEN', decision.detail, { status: 409, next: [action('partners.deliveries')] })
    return this.database.transaction(async (tx) => deliveryDetail(tx, await knownDelivery(tx, id)))
  }

  /** Redrives abandoned messages, each in its own transaction. After a failure, a repeated request continues with the rest. */
  async many({ reason, ...filter }: RedriveManyRequest, by: string): Promise<RedriveResult> {
    const result: RedriveResult = { redriven: [], skipped: [], more: false }
    const redrivenTo = new Map<string, number>()
    for (const delivery of await this.abandonedDeliveries(filter)) {
      if (result.redriven.length === MAX_AT_ONCE) return { ...result, more: true }
      const redrivenBefore = redrivenTo.get(delivery.partner) ?? 0
      const decision = await this.redrive(delivery, { by, reason }, redrivenBefore * PACE_MS)
      if (decision.do === 'nothing') result.skipped.push({ id: delivery.id, detail: decision.detail })
      else {
        redrivenTo.set(delivery.partner, redrivenBefore + 1)
        result.redriven.push(deliveryView(await this.database.transaction((tx) => knownDelivery(tx, delivery.id))))
      }
    }
    return result
  }

  private redrive({ id }: Pick<Delivery, 'id'>, requester: RedriveRequester, inMs: number): Promise<RedriveDecision> {
    return this.database.transaction(async (tx) => {
      const delivery = await lockedDocument(tx, DELIVERIES, id, lockKeysOf)
      if (delivery === undefined) throw deliveryUnknown(id)
      const newer = await this.lanes.newerThan(tx, delivery)
      const partner = await tx.documents(PARTNERS).get(delivery.partner)
      const others = delivery.state === 'pending' ? [] : await this.lanes.otherDeliveries(tx, delivery)
      const sibling = others.find((other) => other.id !== id && other.lane === delivery.lane) // guard: redrive-first
      if (sibling !== undefined) return sentOn(sibling)
      const decision = decideRedrive(delivery, newer, partner?.lane ?? 'latest')
      if (decision.do === 'nothing') return decision
      // A message to resend after this one must not be outdated either: `newer` must contain every message that is still newer.
      for (const each of decision.followedBy) {
        const later = (await this.lanes.newerThan(tx, each)).filter(({ id: other }) => !newer.some((known) => known.id === other))
        if (later.length > 0) return overtaken(later.at(-1), 'was notified')
      }
      const at = new Date(tx.now.getTime() + inMs)
      await tx.lock(decision.followedBy.flatMap(lockKeysOf))
      for (const each of [delivery, ...decision.followedBy]) await this.lanes.redrive(tx, each, requester, at)
      return decision
    })
  }

  /** Returns abandoned deliveries, oldest first, as lanes require. If a lane has several of one message, returns only the newest. */
  private async abandonedDeliveries(filter: Omit<RedriveManyRequest, 'reason'>): Promise<AbandonedDelivery[]> {
    const { partner, policy, version, since, until } = filter
    const where = { state: 'dead', ...defined({ partner, policy: orSeveral(policy), version: orSeveral(version) }) }
    const [fromMs, untilMs] = [Date.parse(since ?? ''), Date.parse(until ?? '')] // NaN is no limit: its comparisons are false.
    const found: AbandonedDelivery[] = []
    let after: string | undefined
    for (;;) {
      const page = await this.database.transaction((tx) =>
        tx.documents(DELIVERIES).find({ where, limit: PAGE, ...(after === undefined ? {} : { after }) }),
      )
      for (const delivery of page) {
        const endedMs = Date.parse(delivery.log.at(-1)?.at ?? delivery.createdAt)
        if (endedMs < fromMs || endedMs >= untilMs || !concerns(delivery, policy, version)) continue
        const { id, partner: to, createdAt, message, lane } = delivery
        found.push({ id, partner: to, createdAt, message, lane })
      }
      after = page.at(-1)?.id
      if (page.length < PAGE) break
    }
    const sorted = found.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
    const last = new Map(sorted.map(({ message, lane, id }) => [`${message} ${lane}`, id]))
    return sorted.filter(({ message, lane, id }) => last.get(`${message} ${lane}`) === id)
  }
}
