import type { ServiceName } from '#libs/contracts'
import type { BusRecord, Subscription } from '#libs/messaging'
import { MemoryBus, MemoryLog } from '#libs/messaging/testing'

const CONTROL = 'hms.run.control.v1'

/** A bus that keeps the records of a service back for a while; decisions about runs are delivered last. */
export class LateBus extends MemoryBus {
  private readonly kept = new Map<string, { topic: string; handle: () => Promise<void> }[]>()

  constructor(protected readonly heard = new MemoryLog()) {
    super(heard)
  }

  override subscribe(subscription: Subscription): Promise<void> {
    const handle = async (record: BusRecord): Promise<void> => {
      const kept = this.kept.get(subscription.group.split('.')[0]!)
      if (kept === undefined) return subscription.handle(record)
      kept.push({ topic: record.topic, handle: () => subscription.handle(record) })
    }
    return super.subscribe({ ...subscription, handle })
  }

  keepFrom(service: ServiceName): void {
    this.kept.set(service, [])
  }

  async letHear(service: ServiceName): Promise<void> {
    const kept = this.kept.get(service)!
    this.kept.delete(service)
    for (const isLast of [false, true]) for (const { topic, handle } of kept) if ((topic === CONTROL) === isLast) await handle()
  }
}
