/** A record as it lies in the log: anyone who owns the broker can have written it. */
export interface TopicRecord {
  key: Uint8Array | null
  value: Uint8Array | null
}

/** Where to read on: the offset of the next record. */
export type TopicPlace = bigint | 'beginning'

export interface RecordBatch {
  records: readonly TopicRecord[]
  /** `beginning` when the log does not go as far as it did: it began anew. */
  next: TopicPlace
  /** Nothing lies behind these records now. */
  end: boolean
}

/** The log as a reader of topics with one partition needs it. Twins: Kafka, and a fake for tests. */
export interface RecordSource {
  /** For people: where it reads. */
  readonly name: string
  /**
   * What lies from `place` on, as much as one answer holds; waits up to `waitMs` for a first record. Rejects with an `HmsError`
   * `HMS_BROKER_…`.
   */
  read(topic: string, place: TopicPlace, waitMs: number): Promise<RecordBatch>
  close(): Promise<void>
}
