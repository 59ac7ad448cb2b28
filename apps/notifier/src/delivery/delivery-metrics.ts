import type { Transaction } from '#libs/persistence'
import type { Metrics } from '#libs/platform'
import { DELIVERIES, type Delivery } from './delivery.table.js'

export class DeliveryMetrics {
  private readonly tries = this.metrics.counter('partner_deliveries_total', 'Tries at partners that ended, by what came of them', [
    'channel',
    'outcome',
  ])
  private readonly oldest = this.metrics.gauge(
    'partner_oldest_undelivered_seconds',
    'Age of the oldest delivery that is still owed, of all channels, under its own',
    ['channel'],
  )

  constructor(private readonly metrics: Metrics) {}

  /** `pending`: the attempt failed and will be retried. */
  tried({ channel, state }: Delivery): void {
    this.tries.inc({ channel: kindOf(channel), outcome: state === 'pending' ? 'retrying' : state })
  }

  async update(tx: Transaction): Promise<void> {
    const [oldest] = await tx.documents(DELIVERIES).find({ where: { state: 'pending' }, orderBy: 'created_at', limit: 1 })
    this.oldest.reset()
    const seconds = oldest === undefined ? 0 : Math.max(0, (tx.now.getTime() - Date.parse(oldest.createdAt)) / 1_000)
    this.oldest.set({ channel: oldest === undefined ? 'webhook' : kindOf(oldest.channel) }, seconds)
  }
}

/** Strips the number from a channel name: a partner's channels of one kind are numbered. */
function kindOf(channel: string): string {
  return channel.replace(/-.*$/, '')
}
