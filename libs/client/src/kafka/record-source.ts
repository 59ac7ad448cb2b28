/** Raw record of a log. It is untrusted, because the owner of the broker can write any record. */
export interface TopicRecord {
  key: Uint8Array | null
  value: Uint8Array | null
}

/** Offset of the next record to read. */
export type ReadPosition = bigint | 'beginning'

export interface RecordBatch {
  records: readonly TopicRecord[]
  /** Offset to read from next; `beginning` if the requested offset is out of range, as after the topic was recreated. */
  next: ReadPosition
  /** Whether these records reach the end of the log. */
  end: boolean
}

/** Source of records of topics with one partition. Adapters: Kafka, and a fake for tests. */
export interface RecordSource {
  /** Name of the source, for messages. */
  readonly name: string
  /** Reads the records of one response from `position` on; waits up to `waitMs` for a first record. Rejects with `HMS_BROKER_…`. */
  read(topic: string, position: ReadPosition, waitMs: number): Promise<RecordBatch>
  close(): Promise<void>
}
