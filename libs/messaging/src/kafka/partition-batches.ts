import { partitionsOf, type OutgoingEvent } from '#libs/contracts'
import { partitionOf } from './kafka-connection.js'

/** A record batch above the topic's `max.message.bytes` (4 MiB) is refused whole; far below it, one slow send blocks less. */
const MAX_BATCH_BYTES = 1024 * 1024

export interface PartitionBatch {
  topic: string
  partition: number
  /** Each inner list is one `send()`, in order. */
  sends: OutgoingEvent[][]
}

/**
 * Groups events into `send()` calls of one partition each. When a broker died, a call over several partitions was measured to resolve
 * although records were never written. The order within each partition is kept.
 */
export function partitionBatches(events: readonly OutgoingEvent[]): PartitionBatch[] {
  const batches = new Map<string, PartitionBatch & { bytes: number }>()
  for (const event of events) {
    const partition = partitionOf(event.key, partitionsOf(event.topic))
    const batchKey = `${event.topic} ${partition}`
    let batch = batches.get(batchKey)
    if (batch === undefined) batches.set(batchKey, (batch = { topic: event.topic, partition, sends: [], bytes: Number.POSITIVE_INFINITY }))
    const bytes = Buffer.byteLength(event.value ?? '')
    if (batch.bytes + bytes > MAX_BATCH_BYTES) {
      batch.sends.push([])
      batch.bytes = 0
    }
    batch.sends.at(-1)!.push(event)
    batch.bytes += bytes
  }
  return [...batches.values()].map(({ topic, partition, sends }) => ({ topic, partition, sends }))
}
