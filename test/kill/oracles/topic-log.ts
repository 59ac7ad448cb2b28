import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { TOPICS } from '#libs/contracts'

/** A record as an oracle needs it; `value` is kept for the state topic alone, for the others would not fit into memory. */
export interface TopicRecord {
  topic: string
  partition: number
  key: string
  source: string
  keySeq: number
  eventId: string
  value: string | null
}

const STATE_TOPIC = 'hms.config.state.v1'

/** Reads every topic of the catalogue from its beginning to where it ended when asked. */
export async function readTopics(brokers: string[]): Promise<TopicRecord[]> {
  const kafka = new Kafka({ clientId: 'hms-kill-oracle', brokers, logLevel: logLevel.NOTHING, retry: { retries: 20, maxRetryTime: 1_000 } })
  const ends = await endOffsets(kafka)
  const log: TopicRecord[] = []
  const consumer = kafka.consumer({ groupId: `oracle-${randomUUID()}`, maxBytesPerPartition: 4 * 1024 * 1024 })
  await consumer.connect()
  await consumer.subscribe({ topics: TOPICS.map((topic) => topic.name), fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    if (ends.size === 0) resolve()
    consumer.on(consumer.events.CRASH, ({ payload }) => (payload.restart ? undefined : reject(payload.error)))
    const run = consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const place = `${topic} ${partition}`
        const end = ends.get(place)
        if (end === undefined) return
        const { ce_source: source, ce_keyseq: keySeq, ce_id: id } = message.headers ?? {}
        const value = topic === STATE_TOPIC ? (message.value?.toString('utf8') ?? null) : null
        log.push({
          topic,
          partition,
          key: message.key?.toString('utf8') ?? '',
          source: String(source),
          keySeq: Number(String(keySeq)),
          eventId: String(id),
          value,
        })
        if (BigInt(message.offset) + 1n >= end) ends.delete(place)
        if (ends.size === 0) resolve()
      },
    })
    run.catch(reject)
  })
  await consumer.disconnect()
  return log
}

/** By `topic partition`; empty partitions are left out, for nothing will come of them. */
async function endOffsets(kafka: Kafka): Promise<Map<string, bigint>> {
  const admin = kafka.admin()
  await admin.connect()
  const ends = new Map<string, bigint>()
  for (const { name } of TOPICS) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(name)) {
      if (BigInt(high) > BigInt(low)) ends.set(`${name} ${partition}`, BigInt(high))
    }
  }
  await admin.disconnect()
  return ends
}
