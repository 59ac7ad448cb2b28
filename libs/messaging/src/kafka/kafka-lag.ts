import { SERVICES, TOPICS, type ServiceName } from '#libs/contracts'
import type { Admin } from 'kafkajs'
import { groupOf } from '../group-of.js'
import type { GroupLag, TopicLag, UnhandledEvent } from '../event-bus.js'
import { placesIn } from './group-places.js'

/**
 * Returns the lag of the groups of some services: end offset minus committed offset. Each topic's end and each group's offsets are fetched
 * once. A broker does not report since when; `LagClock` knows it for groups that this process reads.
 */
export async function readLag(admin: Admin, services: readonly ServiceName[], clock: LagClock): Promise<TopicLag[]> {
  const topics = TOPICS.filter(
    (topic) => services.length === SERVICES.length || topic.consumers.some((service) => services.includes(service)),
  )
  const readers = topics.flatMap(({ name, consumers }) =>
    consumers.filter((service) => services.includes(service)).map((service) => ({ topic: name, group: groupOf(service, name) })),
  )
  const groups = [...new Set(readers.map(({ group }) => group))]
  const [ends, offsets] = await Promise.all([
    Promise.all(topics.map(async ({ name }) => ({ topic: name, partitions: await admin.fetchTopicOffsets(name) }))),
    Promise.all(
      groups.map(async (groupId) => {
        const mine = readers.filter(({ group }) => group === groupId).map(({ topic }) => topic)
        return [groupId, await admin.fetchOffsets({ groupId, topics: mine })] as const
      }),
    ),
  ])
  const committed = new Map(offsets)
  return ends.map((end) => ({
    topic: end.topic,
    messages: end.partitions.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0),
    groups: readers
      .filter(({ topic }) => topic === end.topic)
      .map(({ group }): GroupLag => {
        const messages = placesIn(committed.get(group)!, [end]).reduce((sum, place) => sum + place.end - place.at, 0)
        const oldest = messages === 0 ? undefined : clock.oldest(group, end.topic)
        return { group, messages, seconds: clock.secondsBehind(group, end.topic, messages), ...(oldest === undefined ? {} : { oldest }) }
      }),
  }))
}

/** A record being handled. */
export interface RecordInHand {
  group: string
  topic: string
  /** Write time in epoch milliseconds. */
  atMs: number
  run: number | null
}

/**
 * Tracks since when a group of this process lags: all its unread records are younger than the last one it accepted, and than the last poll
 * that found no lag.
 */
export class LagClock {
  private readonly sinceMs = new Map<string, number>()
  private readonly inHand = new Set<RecordInHand>()

  constructor(private readonly nowMs: () => number) {}

  /** Registers a record being handled; the returned function unregisters it. */
  took(record: RecordInHand): () => void {
    this.raise(`${record.group} ${record.topic}`, record.atMs)
    this.inHand.add(record)
    return () => this.inHand.delete(record)
  }

  secondsBehind(group: string, topic: string, messages: number): number {
    const name = `${group} ${topic}`
    if (messages === 0) this.raise(name, this.nowMs())
    const since = this.sinceMs.get(name)
    return messages === 0 || since === undefined ? 0 : Math.max(0, Math.round((this.nowMs() - since) / 1_000))
  }

  /** Returns the oldest record being handled; none of the partitions this process reads has an older unhandled one. */
  oldest(group: string, topic: string): UnhandledEvent | undefined {
    const mine = [...this.inHand].filter((record) => record.group === group && record.topic === topic)
    const first = mine.toSorted((a, b) => a.atMs - b.atMs)[0]
    return first && { run: first.run, at: new Date(first.atMs).toISOString() }
  }

  private raise(name: string, atMs: number): void {
    this.sinceMs.set(name, Math.max(this.sinceMs.get(name) ?? 0, atMs))
  }
}
