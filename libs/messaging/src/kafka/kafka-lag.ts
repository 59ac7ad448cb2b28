import { SERVICES, TOPICS, type ServiceName } from '#libs/contracts'
import type { Admin } from 'kafkajs'
import { groupOf } from '../consumer/group-of.js'
import type { TopicLag } from '../event-bus.js'
import { groupPlaces } from './group-places.js'

/**
 * How far behind the groups of some services are: what lies between a group's committed offset and the end. A broker does not say since
 * when; `LagClock` knows it for groups that this process reads for.
 */
export async function readLag(admin: Admin, services: readonly ServiceName[], clock: LagClock): Promise<TopicLag[]> {
  const topics = TOPICS.filter(
    (topic) => services.length === SERVICES.length || topic.consumers.some((service) => services.includes(service)),
  )
  return Promise.all(
    topics.map(async (topic) => {
      const ends = await admin.fetchTopicOffsets(topic.name)
      const mine = topic.consumers.filter((service) => services.includes(service)).map((service) => groupOf(service, topic.name))
      const groups = await Promise.all(
        mine.map(async (group) => {
          const messages = (await groupPlaces(admin, group, [topic.name])).reduce((sum, { at, end }) => sum + end - at, 0)
          return { group, messages, seconds: clock.secondsBehind(group, topic.name, messages) }
        }),
      )
      return { topic: topic.name, messages: ends.reduce((sum, end) => sum + Number(end.high) - Number(end.low), 0), groups }
    }),
  )
}

/**
 * Since when a group of this process is behind: all it has not taken is younger than what it took last, and than the last look that found
 * nothing.
 */
export class LagClock {
  private readonly sinceMs = new Map<string, number>()

  constructor(private readonly nowMs: () => number) {}

  /** A record that was written at `atMs` is being handled. */
  took(group: string, topic: string, atMs: number): void {
    this.raise(`${group} ${topic}`, atMs)
  }

  secondsBehind(group: string, topic: string, messages: number): number {
    const name = `${group} ${topic}`
    if (messages === 0) this.raise(name, this.nowMs())
    const since = this.sinceMs.get(name)
    return messages === 0 || since === undefined ? 0 : Math.max(0, Math.round((this.nowMs() - since) / 1_000))
  }

  private raise(name: string, atMs: number): void {
    this.sinceMs.set(name, Math.max(this.sinceMs.get(name) ?? 0, atMs))
  }
}
