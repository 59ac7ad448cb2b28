import { TOPICS } from '#libs/contracts'
import type { Admin } from 'kafkajs'
import type { TopicLag } from '../event-bus.js'

/** Lag by offsets: what lies between a group's committed offset and the end. Seconds are not known to a broker and reported as 0. */
export async function readLag(admin: Admin): Promise<TopicLag[]> {
  return Promise.all(
    TOPICS.map(async (topic) => {
      const ends = await admin.fetchTopicOffsets(topic.name)
      const groups = await Promise.all(topic.consumers.map((group) => lagOf(admin, group, topic.name, ends)))
      return { topic: topic.name, messages: ends.reduce((sum, end) => sum + Number(end.high) - Number(end.low), 0), groups }
    }),
  )
}

async function lagOf(
  admin: Admin,
  service: string,
  topic: string,
  ends: { partition: number; high: string; low: string }[],
): Promise<{ group: string; messages: number; seconds: number }> {
  const group = topic === 'hms.run.control.v1' && service !== 'audit' ? `${service}.control` : service
  const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  const messages = ends.reduce((sum, end) => {
    const at = Number(committed?.partitions.find((entry) => entry.partition === end.partition)?.offset ?? -1)
    return sum + Number(end.high) - Math.max(at, Number(end.low))
  }, 0)
  return { group, messages, seconds: 0 }
}
