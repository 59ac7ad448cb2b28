import type { ServiceName } from '#libs/contracts'
import type { BusRecord, Subscription } from '#libs/messaging'
import { MemoryBus } from '#libs/messaging/testing'

/** A bus on which some services receive nothing: they run, and never respond. Events published meanwhile never reach them. */
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
