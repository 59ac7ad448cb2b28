import type { FetchedPart, ReadPosition } from '#libs/kafka-socket'

export type { ReadPosition } from '#libs/kafka-socket'

/** Raw record of a log. It is untrusted, because the owner of the broker can write any record. */
export interface TopicRecord {
  key: Uint8Array | null
  value: Uint8Array | null
}

export type RecordBatch = FetchedPart<TopicRecord>

/** Source of records of topics with one partition. Adapters: Kafka, and a fake for tests. */
export interface RecordSource {
  /** Name of the source, for messages. */
  readonly name: string
  /** Reads the records of one response from `position` on; waits up to `waitMs` for a first record. Rejects with `HMS_BROKER_…`. */
  read(topic: string, position: ReadPosition, waitMs: number): Promise<RecordBatch>
  close(): Promise<void>
}
