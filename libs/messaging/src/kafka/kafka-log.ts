import { createRequire } from 'node:module'
import type { Cluster, Consumer, Kafka, KafkaMessage, PartitionAssigner, PartitionAssigners as PartitionAssignersType } from 'kafkajs'
import { PartitionReader, type ReadingCluster } from '#libs/kafka-socket'
import type { LogPart, ReadPosition } from '../event-bus.js'
import { recordOfMessage } from './kafka-record.js'

const { PartitionAssigners } = createRequire(import.meta.url)('kafkajs') as { PartitionAssigners: typeof PartitionAssignersType }

/** Reads partitions without a group. It has its own connection, because a waiting Fetch blocks the requests behind it. */
export class KafkaLog {
  private cluster!: ReadingCluster
  private readonly door: Consumer
  private readonly reader = new PartitionReader(() => this.cluster)
  private closed = false

  constructor(kafka: Kafka) {
    const opened: PartitionAssigner = (config) => {
      this.cluster = config.cluster as Cluster as unknown as ReadingCluster
      return PartitionAssigners.roundRobin(config)
    }
    // It never joins a group.
    this.door = kafka.consumer({
      groupId: 'hms-svc-log',
      partitionAssigners: [opened],
      allowAutoTopicCreation: false,
      retry: { retries: 2, maxRetryTime: 500 },
    })
  }

  async read(topic: string, place: ReadPosition, partition = 0): Promise<LogPart> {
    try {
      const { messages, next, end } = await this.reader.read(topic, place === 'beginning' ? place : BigInt(place), 0, partition)
      const records = messages.map((message) => recordOfMessage(topic, partition, message as KafkaMessage))
      return { records, next: next === 'beginning' ? next : Number(next), end }
    } finally {
      // The read may have reconnected while the log was being closed.
      if (this.closed) await this.close()
    }
  }

  close(): Promise<void> {
    this.closed = true
    return this.door.disconnect()
  }
}
