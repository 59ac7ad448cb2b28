/** Raw record of a log: the owner of the broker can have written it. */
export interface TopicRecord {
  key: Uint8Array | null
  value: Uint8Array | null
}

/** Offset of the next record to read. */
export type TopicPlace = bigint | 'beginning'

export interface RecordBatch {
  records: readonly TopicRecord[]
  /** `beginning` if the log is shorter than before: it was recreated. */
  next: TopicPlace
  /** No records follow these at present. */
  end: boolean
}

/** Log of topics with one partition. Adapters: Kafka, and a fake for tests. */
export interface RecordSource {
  /** Name of the source, for messages. */
  readonly name: string
  /** Reads from `place` on, up to one response; waits up to `waitMs` for a first record. Rejects with an `HmsError` `HMS_BROKER_…`. */
  read(topic: string, place: TopicPlace, waitMs: number): Promise<RecordBatch>
  close(): Promise<void>
}
