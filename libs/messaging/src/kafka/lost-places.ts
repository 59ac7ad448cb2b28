import type { Admin } from 'kafkajs'
import type { LostPlace, Place } from '../event-bus.js'

/**
 * Which of the records that a topic acknowledged as the last of their partitions are not there any more. A log that was cut and has grown
 * beyond the place again still shows it: what follows the cut was appended later than the lost record, and lies at its offset or before.
 * (A topic whose records carry the broker's time is what `topics apply` makes.)
 */
export async function lostPlaces(admin: Admin, topic: string, acknowledged: readonly Place[]): Promise<LostPlace[]> {
  const ends = await admin.fetchTopicOffsets(topic)
  const found = await Promise.all(
    acknowledged.map(async ({ partition, offset, atMs }): Promise<LostPlace | undefined> => {
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
