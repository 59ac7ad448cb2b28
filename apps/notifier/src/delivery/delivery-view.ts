import { action, HmsError, type DeliveryDetail, type DeliveryTry, type DeliveryView } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { DELIVERIES, type Delivery } from './delivery.table.js'
import { EVIDENCE } from './evidence.table.js'
import { withReceiptToken } from './receipt-token.js'
import { bundleOf } from './notified-policies.js'

const SHOWN_TRIES = 20
/** Placeholder of a token's length: a reader of deliveries must not get the token, which acknowledges for a partner. */
const WITHHELD = 'withheld'.padEnd(43, '-')

export function deliveryView(delivery: Delivery): DeliveryView {
  const { id, messageId, partner, run, policy, version, channel, state, nextAttemptAt, deliveredAt, createdAt, acknowledged } = delivery
  const message = { id, messageId, partner, run, policy, version, bundle: bundleOf(delivery), channel, state }
  const last = delivery.log.at(-1)
  const tried = { attempts: delivery.tries, lastStatus: last?.status ?? null, lastDetail: last?.detail ?? null }
  const confirmed = { deliveredAt, acknowledgedAt: acknowledged?.at ?? null, acknowledgedBy: acknowledged?.way ?? null }
  return { ...message, ...tried, nextAttemptAt, ...confirmed, createdAt }
}

export async function deliveryDetail(tx: Transaction, delivery: Delivery): Promise<DeliveryDetail> {
  const query = { where: { delivery: delivery.id }, orderBy: 'at', descending: true, limit: SHOWN_TRIES }
  const evidence = await tx.documents(EVIDENCE).find(query)
  const { digest, supersedes, body, redrives = [] } = delivery
  const tries = evidence.toReversed().map(({ delivery: _delivery, ...shown }): DeliveryTry => shown)
  return { ...deliveryView(delivery), digest, supersedes, body: withReceiptToken(body, WITHHELD), tries, redrives } // guard: token-withheld
}

/** Throws 404 `HMS_DELIVERY_UNKNOWN` for an unknown id. */
export async function knownDelivery(tx: Transaction, id: string): Promise<Delivery> {
  const delivery = await tx.documents(DELIVERIES).get(id)
  if (delivery === undefined) throw deliveryUnknown(id)
  return delivery
}

export function deliveryUnknown(id: string): HmsError {
  return new HmsError('HMS_DELIVERY_UNKNOWN', `There is no delivery ${id}.`, { status: 404, next: [action('partners.deliveries')] })
}
