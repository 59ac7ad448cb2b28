import type { RecordBatch, RecordSource, ReadPosition, TopicRecord } from '../kafka/record-source.js'

interface Read {
  topic: string
  position: ReadPosition
  resolve(batch: RecordBatch): void
  reject(error: Error): void
}

/** Log in memory that a test controls. A read at its end waits until a record is written or `poll` is called. */
export class FakeLog implements RecordSource {
  readonly name = 'the fake log'
  /** Maximum number of records per response. */
  batch = 100
  /** Topics whose reads fail. */
  readonly faults = new Map<string, Error>()
  /** Number of reads of a topic from its beginning. */
  readonly readsFromBeginning = new Map<string, number>()
  closed = false
  /** Whether every response claims that more records follow. */
  endless = false
  private readonly topics = new Map<string, TopicRecord[]>()
  private waiting: Read | undefined
  private watchers: (() => void)[] = []

  read(topic: string, position: ReadPosition, waitMs: number): Promise<RecordBatch> {
    const fault = this.faults.get(topic)
    if (fault !== undefined) return Promise.reject(fault)
    if (position === 'beginning') this.readsFromBeginning.set(topic, (this.readsFromBeginning.get(topic) ?? 0) + 1)
    const batch = this.batchOf(topic, position)
    if (batch.records.length > 0 || batch.next === 'beginning' || waitMs === 0 || position === 'beginning') return Promise.resolve(batch)
    return new Promise((resolve, reject) => {
      this.waiting = { topic, position, resolve, reject }
      for (const watcher of this.watchers.splice(0)) watcher()
    })
  }

  /** Writes records; they reach the reader before this resolves. */
  async write(topic: string, ...records: TopicRecord[]): Promise<void> {
    this.topics.set(topic, [...(this.topics.get(topic) ?? []), ...records])
    await this.poll()
  }

  /** Replaces the log's content, as a compaction or an attacker on the broker does. */
  rewrite(topic: string, records: readonly TopicRecord[]): void {
    this.topics.set(topic, [...records])
  }

  records(topic: string): readonly TopicRecord[] {
    return this.topics.get(topic) ?? []
  }

  /** Completes the waiting read with the records written since; resolves when the reader waits at the end again. */
  async poll(): Promise<void> {
    const { waiting } = this
    if (waiting === undefined) return
    this.waiting = undefined
    waiting.resolve(this.batchOf(waiting.topic, waiting.position))
    await this.atEnd()
  }

  /** Makes the waiting read fail. */
  break(error: Error): void {
    this.waiting?.reject(error)
    this.waiting = undefined
  }

  async atEnd(): Promise<void> {
    if (this.waiting === undefined && !this.closed) await new Promise<void>((resolve) => this.watchers.push(resolve))
  }

  async close(): Promise<void> {
    this.closed = true
    this.break(new Error('closed'))
    for (const watcher of this.watchers.splice(0)) watcher()
  }

  private batchOf(topic: string, position: ReadPosition): RecordBatch {
    const log = this.topics.get(topic) ?? []
    const from = position === 'beginning' ? 0 : Number(position)
    if (from > log.length) return { records: [], next: 'beginning', end: false }
    const records = log.slice(from, from + this.batch)
    const next = from + records.length
    return { records, next: BigInt(next), end: next === log.length && !this.endless }
  }
}
