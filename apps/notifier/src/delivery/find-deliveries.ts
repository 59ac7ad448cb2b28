import type { DeliveriesFilter } from '#libs/contracts'
import type { Query, Transaction } from '#libs/persistence'
import { DELIVERIES, type Delivery } from './delivery.table.js'
import { deliveryUnknown } from './delivery-view.js'

/** The newest first. Many are made in one transaction, at the same time, so a page goes on with the rest of that time before older ones. */
export async function findDeliveries(tx: Transaction, { before, since, limit = 500, ...filter }: DeliveriesFilter): Promise<Delivery[]> {
  const deliveries = tx.documents(DELIVERIES)
  const where = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
  const newest: Query = { where, orderBy: 'created_at', descending: true, limit }
  const found = before === undefined ? await deliveries.find(newest) : await pageAfter(before)
  // The order is that of time: the first one that is older ends the list.
  return since === undefined ? found : found.filter(({ createdAt }) => Date.parse(createdAt) >= Date.parse(since))

  async function pageAfter(id: string): Promise<Delivery[]> {
    const last = await deliveries.get(id)
    if (last === undefined) throw deliveryUnknown(id)
    const sameTime = { where: { ...where, created_at: last.createdAt }, orderBy: 'id', descending: true, after: id, limit }
    const rest = await deliveries.find(sameTime)
    if (rest.length === limit) return rest
    return [...rest, ...(await deliveries.find({ ...newest, after: last.createdAt, limit: limit - rest.length }))]
  }
}
