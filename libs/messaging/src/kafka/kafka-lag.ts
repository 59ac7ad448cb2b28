import { type ServiceLag, type ServiceName, SERVICES, type TopicGroup, TOPICS } from '#libs/contracts'
import type { Admin } from 'kafkajs'
import { groupOf } from '../group-of.js'
import { minutesUntil, type TopicRate } from '../event-bus.js'

export interface GroupPosition {
  topic: string
  partition: number
  /** Offset of the next record to read: the committed offset, or the offset of the oldest record if that is higher. */
  at: number
  /** Offset that the next written record will get. */
  end: number
}

interface TopicEnds {
  topic: string
  partitions: Awaited<ReturnType<Admin['fetchTopicOffsets']>>
}

export async function readGroupPositions(admin: Admin, group: string, topics: readonly string[]): Promise<GroupPosition[]> {
  const [committed, ends] = await Promise.all([
    admin.fetchOffsets({ groupId: group, topics: [...topics] }),
    Promise.all(topics.map(async (topic) => ({ topic, partitions: await admin.fetchTopicOffsets(topic) }))),
  ])
  return groupPositions(committed, ends)
}

/** Combines a group's committed offsets with the first and last offsets of topics. */
export function groupPositions(committed: Awaited<ReturnType<Admin['fetchOffsets']>>, ends: readonly TopicEnds[]): GroupPosition[] {
  const offsets = new Map(
    committed.flatMap(({ topic, partitions }) => partitions.map(({ partition, offset }) => [`${topic} ${partition}`, Number(offset)])),
  )
  return ends.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, low, high }) => ({
      topic,
      partition,
      at: Math.max(offsets.get(`${topic} ${partition}`) ?? -1, Number(low)),
      end: Number(high),
    })),
  )
}

/** Returns the lag of services' groups: end minus committed offset. `clock` adds the lag in seconds, for groups of this process only. */
export async function readLag(admin: Admin, services: readonly ServiceName[], clock: LagClock): Promise<ServiceLag[]> {
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
      .map(({ group }): TopicGroup => {
        const messages = groupPositions(committed.get(group)!, [end]).reduce((sum, position) => sum + position.end - position.at, 0)
        const oldest = messages === 0 ? undefined : clock.oldest(group, end.topic)
        return { group, messages, seconds: clock.secondsBehind(group, end.topic, messages), ...(oldest === undefined ? {} : { oldest }) }
      }),
  }))
}

export interface RecordInFlight {
  group: string
  topic: string
  /** Write time in epoch milliseconds. */
  atMs: number
  run: number | null
}

/**
 * Tracks since when each group of this process lags: since its last accepted record was written, or since the last poll that found no lag,
 * whichever is later. All its unread records are younger.
 */
export class LagClock {
  private readonly sinceMs = new Map<string, number>()
  private readonly inFlight = new Set<RecordInFlight>()

  constructor(private readonly nowMs: () => number) {}

  /** Registers a record being handled; the returned function unregisters it. */
  started(record: RecordInFlight): () => void {
    this.raise(`${record.group} ${record.topic}`, record.atMs)
    this.inFlight.add(record)
    return () => this.inFlight.delete(record)
  }

  secondsBehind(group: string, topic: string, messages: number): number {
    const name = `${group} ${topic}`
    if (messages === 0) this.raise(name, this.nowMs())
    const since = this.sinceMs.get(name)
    return messages === 0 || since === undefined ? 0 : Math.max(0, Math.round((this.nowMs() - since) / 1_000))
  }

  /** Returns the oldest record being handled. Partitions are read in order, so its partition has no older unhandled record. */
  oldest(group: string, topic: string): TopicGroup['oldest'] {
    const mine = [...this.inFlight].filter((record) => record.group === group && record.topic === topic)
    const first = mine.toSorted((a, b) => a.atMs - b.atMs)[0]
    return first && { run: first.run, at: new Date(first.atMs).toISOString() }
  }

  private raise(name: string, atMs: number): void {
    this.sinceMs.set(name, Math.max(this.sinceMs.get(name) ?? 0, atMs))
  }
}

type Offsets = Pick<Admin, 'fetchTopicOffsets' | 'fetchTopicOffsetsByTimestamp'>

/** Counts records per topic and minute from the offsets at the starts of minutes, which are cached. A silent topic costs two requests. */
export class TopicRates {
  /** Per topic and minute: the sum of its partitions' offsets at the start of the minute. */
  private readonly begins = new Map<string, Map<number, number>>()

  async read(admin: Offsets, now: Date): Promise<TopicRate[]> {
    const minutes = minutesUntil(now)
    return Promise.all(TOPICS.map(async ({ name: topic }) => ({ topic, perMinute: await this.perMinute(admin, topic, minutes) })))
  }

  private async perMinute(admin: Offsets, topic: string, minutes: readonly number[]): Promise<number[]> {
    const known = this.begins.get(topic) ?? new Map<number, number>()
    this.begins.set(topic, known)
    for (const minute of known.keys()) if (minute < minutes[0]!) known.delete(minute)
    const [end, first] = await Promise.all([
      admin.fetchTopicOffsets(topic).then((partitions) => sumOf(partitions.map(({ high }) => high))),
      this.beginOf(admin, topic, minutes[0]!, known),
    ])
    if (end === first) return minutes.map(() => 0)
    const begins = await Promise.all(minutes.map((minute) => this.beginOf(admin, topic, minute, known)))
    // The end was read first: records written since then are counted by the next poll.
    return begins.map((begin, index) => Math.max(0, (begins[index + 1] ?? end) - begin))
  }

  private async beginOf(admin: Offsets, topic: string, minute: number, known: Map<number, number>): Promise<number> {
    const before = known.get(minute)
    if (before !== undefined) return before
    const partitions = await admin.fetchTopicOffsetsByTimestamp(topic, minute)
    const begin = sumOf(partitions.map(({ offset }) => offset))
    known.set(minute, begin)
    return begin
  }
}

function sumOf(offsets: readonly string[]): number {
  return offsets.reduce((sum, offset) => sum + Number(offset), 0)
}
