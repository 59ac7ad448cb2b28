import type { Admin } from 'kafkajs'
import type { LostPosition, LogPosition } from '../event-bus.js'

/**
 * Returns which of the last acknowledged records of a topic's partitions are missing. A log that was truncated and has grown beyond that
 * offset again is still detected: a record behind the cut was appended later than the lost one, and is at its offset or before. (This
 * requires the broker's append time, which `topics apply` configures.)
 */
export async function lostPositions(admin: Admin, topic: string, acknowledged: readonly LogPosition[]): Promise<LostPosition[]> {
  const ends = await admin.fetchTopicOffsets(topic)
  const found = await Promise.all(
    acknowledged.map(async ({ partition, offset, atMs }): Promise<LostPosition | undefined> => {
      const end = Number(ends.find((each) => each.partition === partition)?.high ?? 0)
      if (end <= offset) return { partition, offset: end, why: 'ends' }
      if (atMs === undefined) return undefined
      const younger = await admin.fetchTopicOffsetsByTimestamp(topic, atMs + 1)
      const first = Number(younger.find((each) => each.partition === partition)?.offset ?? end)
      return first <= offset ? { partition, offset: first, why: 'younger' } : undefined
    }),
  )
  return found.filter((place) => place !== undefined)
}
