import { HEARTBEAT_KEY } from '#libs/contracts'
import { uuidv7 } from '#libs/platform'
import type { Admin, Kafka } from 'kafkajs'
import type { BusRecord } from '../event-bus.js'
import { brokerError } from './kafka-admin.js'
import { recordOfMessage } from './kafka-record.js'

export interface KafkaTail {
  topics: readonly string[]
  /** Start with records appended at this time; if absent, with new records. */
  since?: Date
  /** Called when every start offset is fixed: no record written from now on is missed. */
  onReady(): void
  onRecord(record: BusRecord): void
  signal: AbortSignal
}

/** Next offset by topic and partition. */
type NextOffsets = Map<string, Map<number, bigint>>

/**
 * Follows topics for a user until `signal` aborts, in a group that commits nothing. The start offsets are fixed before the join, and each
 * join seeks to the next offsets; otherwise kafkajs would start at the end. Throws `HMS_BROKER_…` when the broker cannot be read.
 */
export async function tailKafka(kafka: Kafka, tail: KafkaTail): Promise<void> {
  const group = `hms-svc-tail-${uuidv7(new Date())}`
  const admin = kafka.admin({ retry: { retries: 3, maxRetryTime: 500 } })
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 250, allowAutoTopicCreation: false })
  try {
    await admin.connect()
    const nextOffsets = await startOffsets(admin, tail)
    await consumer.connect()
    await consumer.subscribe({ topics: [...tail.topics] })
    const seekAll = (): void => {
      for (const [topic, partitions] of nextOffsets)
        for (const [partition, offset] of partitions) consumer.seek({ topic, partition, offset: String(offset) })
    }
    const crashed = new Promise<never>((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => void (payload.restart || reject(payload.error)))
    })
    consumer.on(consumer.events.GROUP_JOIN, seekAll)
    const running = consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const [partitions, offset] = [nextOffsets.get(topic)!, BigInt(message.offset)]
        // Records in flight at a seek arrive twice.
        if (tail.signal.aborted || offset < (partitions.get(partition) ?? 0n)) return
        partitions.set(partition, offset + 1n)
        if (message.key?.toString() !== HEARTBEAT_KEY) tail.onRecord(recordOfMessage(topic, partition, message))
      },
    })
    seekAll()
    tail.onReady()
    await Promise.race([aborted(tail.signal), crashed, running.then(() => aborted(tail.signal))])
  } catch (error) {
    throw brokerError(error)
  } finally {
    await consumer.disconnect().catch(() => {})
    // If the user may not delete the group, the broker expires it later, because it has no members and no offsets.
    await admin.deleteGroups([group]).catch(() => {})
    await admin.disconnect().catch(() => {})
  }
}

async function startOffsets(admin: Admin, { topics, since }: KafkaTail): Promise<NextOffsets> {
  const found = await Promise.all(
    topics.map(async (topic) => {
      const partitions =
        since === undefined ? await admin.fetchTopicOffsets(topic) : await admin.fetchTopicOffsetsByTimestamp(topic, since.getTime())
      return [topic, new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)] as const))] as const
    }),
  )
  return new Map(found)
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
