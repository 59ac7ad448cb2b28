import type { Kafka, KafkaMessage } from 'kafkajs'
import { PartitionReader, type ReadingCluster } from '#libs/kafka-socket'
import type { LogPart, ReadPosition } from '../event-bus.js'
import { openClusterConnection } from './kafka-connection.js'
import { recordOfMessage } from './kafka-record.js'

/** Reads partitions without a group. It has its own connection, because a waiting Fetch blocks later requests on the same connection. */
export class KafkaLog {
  private readonly connection = openClusterConnection<ReadingCluster>(this.kafka, 'hms-svc-log')
  private readonly reader = new PartitionReader(() => this.connection.cluster)
  private closed = false

  constructor(private readonly kafka: Kafka) {}

  async read(topic: string, position: ReadPosition, partition = 0, waitMs = 0): Promise<LogPart> {
    try {
      const place = position === 'beginning' ? position : BigInt(position)
      const { records, next, end } = await this.reader.read(topic, place, waitMs, partition)
      const read = records.map((message) => recordOfMessage(topic, partition, message as KafkaMessage))
      return { records: read, next: next === 'beginning' ? next : Number(next), end }
    } finally {
      // The read may have reconnected while the log was being closed.
      if (this.closed) await this.close()
    }
  }

  close(): Promise<void> {
    this.closed = true
    return this.connection.consumer.disconnect()
  }
}
