import { TOPICS } from '#libs/contracts'
import type { Admin } from 'kafkajs'
import { minutesUntil, type TopicRate } from '../event-bus.js'

type Offsets = Pick<Admin, 'fetchTopicOffsets' | 'fetchTopicOffsetsByTimestamp'>

/**
 * Counts the records written to each topic per minute, from the offsets at which minutes began. The start offset of a completed minute does
 * not change, so each is requested once; a silent topic costs two requests.
 */
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
