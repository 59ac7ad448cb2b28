import { RETENTION_MS, TOPICS } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import type { Logger, Metrics } from '#libs/platform'
import { SOURCE_PREFIX } from '../cloud-event.js'
import type { EventBus, Place } from '../event-bus.js'
import type { LogEnd, OutboxStore } from './outbox.store.js'

const PRUNE_BATCH = 5_000

/**
 * The second line behind the relay's acknowledgements: compares how far a partition reached when the broker last acknowledged with how
 * far it reaches now. A log that ends earlier, or that gives out an offset twice, has lost what it had taken (a wiped disk, an unclean
 * election): everything that is kept of that partition is sent again, and the positions of the readers drop what they know. Losses in the
 * middle show at the readers, as gaps.
 */
export class Reconciler {
  private readonly ends = new Map<string, number>()

  constructor(
    private readonly database: Database,
    private readonly store: OutboxStore,
    private readonly bus: EventBus,
    private readonly source: string,
    private readonly log: Logger,
    private readonly metrics: Metrics,
  ) {}

  /** Only the leader may call it. Rejects while the broker does not answer. Answers how many rows will be sent again. */
  async compare(): Promise<number> {
    const known = await this.database.statements((tx) => this.store.logEnds(tx))
    this.ends.clear()
    for (const end of known) this.ends.set(placeName(end), end.offset)
    let repaired = 0
    for (const topic of new Set(known.map((end) => end.topic))) {
      const now = await this.bus.ends(topic)
      for (const end of known.filter((each) => each.topic === topic)) {
        const reaches = now.find(({ partition }) => partition === end.partition)?.offset ?? 0
        if (reaches < end.offset) repaired += await this.sendAgain(end, reaches)
      }
    }
    return repaired
  }

  /**
   * What a send was answered with. An offset below what was acknowledged before says that the log began anew. Answers with the partitions
   * that are sent again.
   */
  async noticed(topic: string, places: Iterable<Place>): Promise<ReadonlySet<number>> {
    const begun = new Set<number>()
    for (const place of places) {
      const name = placeName({ topic, ...place })
      const end = this.ends.get(name)
      if (end !== undefined && place.offset < end) {
        await this.sendAgain({ topic, partition: place.partition, offset: end }, place.offset)
        begun.add(place.partition)
      }
      this.ends.set(name, Math.max(this.ends.get(name) ?? 0, place.offset + 1))
    }
    return begun
  }

  /** Keeps the outbox to what a broker may still need: a week, and of compacted topics the newest record of each key. */
  async prune(now: Date): Promise<number> {
    const before = new Date(now.getTime() - RETENTION_MS)
    return this.database.statements((tx) => this.store.prune(tx, before, compactedTopics, PRUNE_BATCH))
  }

  private async sendAgain({ topic, partition, offset }: LogEnd, reaches: number): Promise<number> {
    const rows = await this.database.transaction((tx) => this.store.unsendPartition(tx, topic, partition))
    this.ends.delete(placeName({ topic, partition }))
    if (rows === 0) return 0
    const service = this.source.slice(SOURCE_PREFIX.length)
    this.metrics.repairs.inc({ service, what: 'log' }, rows)
    this.log.error({ service, topic, partition, acknowledged: offset, reaches, rows }, 'the log lost what it had acknowledged; it is sent again')
    return rows
  }
}

const compactedTopics = TOPICS.filter((topic) => topic.cleanup === 'compact').map((topic) => topic.name)

function placeName({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic} ${partition}`
}
