import type { DeliveryView } from '#libs/contracts'
import type { Delivery } from './delivery.table.js'

export function deliveryView(delivery: Delivery): DeliveryView {
  const { id, partner, run, policy, version, channel, state, nextAttemptAt, deliveredAt, createdAt } = delivery
  const last = delivery.log.at(-1)
  const tried = { attempts: delivery.tries, lastStatus: last?.status ?? null, lastDetail: last?.detail ?? null }
  return { id, partner, run, policy, version, channel, state, ...tried, nextAttemptAt, deliveredAt, createdAt }
}
