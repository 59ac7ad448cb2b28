import type { ServiceName } from '#libs/contracts'
import { MemoryBus, type BusRecord, type Subscription } from '#libs/messaging'

/** A bus on which some services hear nothing: they live, and never answer. What was said meanwhile they never hear. */
export class DeafBus extends MemoryBus {
  readonly deaf = new Set<ServiceName>()

  override subscribe(subscription: Subscription): Promise<void> {
    const service = subscription.group.split('.')[0] as ServiceName
    const handle = async (record: BusRecord): Promise<void> => {
      if (!this.deaf.has(service)) await subscription.handle(record)
    }
    return super.subscribe({ ...subscription, handle })
  }
}
