import type { OutgoingEvent, ServiceLag } from '#libs/contracts'
import type { BusRecord, EventBus, LogPart, ReadPosition, LostPosition, LogPosition, Subscription, TopicRate } from '#libs/messaging'
import type { Broker } from './broker.js'
import { GroupMember } from './group-member.js'
import type { BusFaults } from './faults.js'
import type { Incarnation } from './incarnation.js'

/** One process's connection to the broker. */
export class SimulatedBus implements EventBus {
  constructor(
    private readonly broker: Broker,
    private readonly incarnation: Incarnation,
    private readonly faults: BusFaults,
    private readonly tell: (what: string) => void,
  ) {}

  /** One send for each partition, as the product does on Kafka: each is taken whole, or not, and its answer may be lost. */
  async publish(events: readonly OutgoingEvent[]): Promise<ReadonlyMap<string, LogPosition | undefined>> {
    const named = new Map<string, LogPosition>()
    const sends = new Map<string, OutgoingEvent[]>()
    for (const event of events) {
      const name = `${event.topic} ${this.broker.partitionOf(event.topic, event.key)}`
      sends.set(name, [...(sends.get(name) ?? []), event])
    }
    for (const send of sends.values()) {
      await this.incarnation.passage(this.faults.wayMs())
      const fate = this.faults.sendFate()
      if (fate === 'fails') continue
      for (const event of this.faults.taken(send, this.broker)) {
        const place = this.broker.append(event)
        this.tell(`sends ${event.type} ${event.key} #${event.keySeq} to ${event.topic} ${place.partition}:${place.offset}`)
        if (fate === 'taken') named.set(event.id, place)
      }
    }
    await this.incarnation.gate()
    return named
  }

  async findLost(topic: string, acknowledged: readonly LogPosition[]): Promise<readonly LostPosition[]> {
    await this.incarnation.gate()
    return acknowledged.flatMap((place) => this.broker.lost(topic, place) ?? [])
  }

  async read({ name }: { name: string }, place: ReadPosition): Promise<LogPart> {
    await this.incarnation.gate()
    const log = this.broker.partitions(name)[0]!
    const from = place === 'beginning' ? 0 : place
    if (from > log.length) return { records: [], next: 'beginning', end: false }
    return { records: log.slice(from), next: log.length, end: true }
  }

  async *scan(topics: readonly string[], since: Date): AsyncIterable<BusRecord> {
    for (const topic of topics) {
      await this.incarnation.gate()
      const records = this.broker.partitions(topic).flat()
      yield* records.filter(({ headers }) => Date.parse(headers['ce_time'] ?? '') >= since.getTime())
    }
  }

  async writeHeartbeats(): Promise<void> {}

  announce(): void {
    // Readers are woken by the broker.
  }

  async subscribe({ group, topics, handle }: Subscription): Promise<void> {
    new GroupMember(
      this.broker,
      this.incarnation,
      this.faults,
      group,
      topics.map(({ name }) => name),
      handle,
    ).join()
  }

  state(): 'up' {
    return 'up'
  }

  async lag(): Promise<ServiceLag[]> {
    return []
  }

  async rates(): Promise<TopicRate[]> {
    return []
  }

  async close(): Promise<void> {}
}
