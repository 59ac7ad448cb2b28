import { defined, type DeliveriesFilter } from '#libs/contracts'
import type { Query, Transaction } from '#libs/persistence'
import { DELIVERIES, type Delivery } from './delivery.table.js'
import { knownDelivery } from './delivery-view.js'
import { SEVERAL, concerns } from './notified-policies.js'

/**
 * Finds deliveries, newest first. One transaction creates many with the same time, so a page continues with the rest of that time before
 * older ones. A bundle is found by each of its policies; no column contains all of them, so all bundles are read and filtered.
 */
export async function findDeliveries(tx: Transaction, { since, limit = 500, ...query }: DeliveriesFilter): Promise<Delivery[]> {
  const { before, policy, version, ...filter } = query
  const where = defined({ ...filter, policy: orSeveral(policy), version: orSeveral(version) })
  const isMeant = ({ createdAt, ...delivery }: Delivery): boolean =>
    concerns(delivery, policy, version) && (since === undefined || Date.parse(createdAt) >= Date.parse(since))
  const found: Delivery[] = []
  for (let after = before; ;) {
    const page = await pageOf(tx, where, limit, after)
    found.push(...page.filter(isMeant))
    const last = page.at(-1)
    // The list is ordered by time: the first older delivery ends it.
    const isEnd = page.length < limit || (since !== undefined && Date.parse(last!.createdAt) < Date.parse(since))
    if (isEnd || found.length >= limit) return found.slice(0, limit)
    after = last!.id
  }
}

/** Returns the column values to search for: the text, and `SEVERAL` for bundles. */
export function orSeveral(text: string | undefined): string[] | undefined {
  return text === undefined ? undefined : [text, SEVERAL]
}

async function pageOf(tx: Transaction, where: Query['where'], limit: number, after: string | undefined): Promise<Delivery[]> {
  const deliveries = tx.documents(DELIVERIES)
  const newest: Query = { where, orderBy: 'created_at', descending: true, limit }
  if (after === undefined) return deliveries.find(newest)
  const last = await knownDelivery(tx, after)
  const rest = await deliveries.find({ where: { ...where, created_at: last.createdAt }, orderBy: 'id', descending: true, after, limit })
  if (rest.length === limit) return rest
  return [...rest, ...(await deliveries.find({ ...newest, after: last.createdAt, limit: limit - rest.length }))]
}
