import type { Admin } from 'kafkajs'

/** Offset of a group in a partition. */
export interface GroupPlace {
  topic: string
  partition: number
  /** Offset of the next record to read: the committed offset, or that of the oldest record. */
  at: number
  /** Offset that the next written record will get. */
  end: number
}

type Committed = Awaited<ReturnType<Admin['fetchOffsets']>>
interface TopicEnds {
  topic: string
  partitions: Awaited<ReturnType<Admin['fetchTopicOffsets']>>
}

export async function groupPlaces(admin: Admin, group: string, topics: readonly string[]): Promise<GroupPlace[]> {
  const [committed, ends] = await Promise.all([
    admin.fetchOffsets({ groupId: group, topics: [...topics] }),
    Promise.all(topics.map(async (topic) => ({ topic, partitions: await admin.fetchTopicOffsets(topic) }))),
  ])
  return placesIn(committed, ends)
}

/** Combines a group's committed offsets with the first and last offsets of topics. */
export function placesIn(committed: Committed, ends: readonly TopicEnds[]): GroupPlace[] {
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
