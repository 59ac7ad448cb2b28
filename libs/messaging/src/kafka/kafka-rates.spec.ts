import { TOPICS } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { RATE_MINUTES } from '../event-bus.js'
import { TopicRates } from './kafka-lag.js'

const MINUTE = 60_000
const TOPIC = 'hms.lint.v1'
const now = new Date('2026-11-26T12:00:30Z')
const begin = (minutesAgo: number): number => Math.floor(now.getTime() / MINUTE) * MINUTE - minutesAgo * MINUTE

/** Broker with one topic of two partitions that has records at these times; all other topics are empty. */
function brokerWith(times: number[]) {
  const requests: string[] = []
  const partitions = [times.filter((_, index) => index % 2 === 0), times.filter((_, index) => index % 2 === 1)]
  return {
    requests,
    times: partitions,
    fetchTopicOffsets: async (topic: string) =>
      partitions.map((records, partition) => {
        const high = String(topic === TOPIC ? records.length : 5)
        return { partition, offset: high, high, low: '0' }
      }),
    fetchTopicOffsetsByTimestamp: async (topic: string, at?: number) => {
      requests.push(`${topic} ${at}`)
      return partitions.map((records, partition) => ({
        partition,
        offset: String(topic === TOPIC ? records.filter((time) => time < at!).length : 5),
      }))
    },
  }
}

describe('rates of topics on Kafka', () => {
  it('count the records of each minute, over all partitions', async () => {
    const broker = brokerWith([begin(20), begin(14), begin(14) + 1, begin(2), begin(0), begin(0) + 29_000])
    const rates = await new TopicRates().read(broker, now)
    const lint = rates.find(({ topic }) => topic === TOPIC)!.perMinute
    expect(lint).toHaveLength(RATE_MINUTES)
    expect([lint[0], lint[12], lint[14], lint.reduce((sum, events) => sum + events, 0)]).toEqual([2, 1, 2, 5])
    expect(rates.filter(({ topic, perMinute }) => topic !== TOPIC && perMinute.some((events) => events !== 0))).toEqual([])
  })

  it('request the start of each minute once, and for a silent topic only the start of the first minute', async () => {
    const broker = brokerWith([begin(3)])
    const rates = new TopicRates()
    await rates.read(broker, now)
    expect(broker.requests).toHaveLength(TOPICS.length - 1 + RATE_MINUTES)
    await rates.read(broker, now)
    expect(broker.requests).toHaveLength(TOPICS.length - 1 + RATE_MINUTES)
    await rates.read(broker, new Date(now.getTime() + MINUTE))
    // The window advanced: a silent topic is asked only for the start of the window, the other topic only for the start of the newest
    // minute.
    expect(broker.requests).toHaveLength(2 * (TOPICS.length - 1) + RATE_MINUTES + 1)
  })
})
