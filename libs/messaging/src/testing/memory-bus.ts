import type { OutgoingEvent, ServiceLag } from '#libs/contracts'
import { recordOf } from '../cloud-event.js'
import {
  minutesUntil,
  runInHeaders,
  type BusRecord,
  type EventBus,
  type LogPart,
  type ReadPosition,
  type LostPosition,
  type LogPosition,
  type Subscription,
  type TopicRate,
} from '../event-bus.js'

const READ_AT_ONCE = 200

/** State that outlives a bus, like a broker's state: the records of each topic, and the offset of each group. */
export class MemoryLog {
  private readonly topics = new Map<string, BusRecord[]>()
  private readonly positions = new Map<string, number>()

  get names(): string[] {
    return [...this.topics.keys()]
  }

  topic(name: string): BusRecord[] {
    let records = this.topics.get(name)
    if (records === undefined) this.topics.set(name, (records = []))
    return records
  }

  position(group: string, topic: string): number {
    return this.positions.get(`${group} ${topic}`) ?? 0
  }

  moveTo(group: string, topic: string, position: number): void {
    this.positions.set(`${group} ${topic}`, position)
  }
}

interface Reader {
  subscription: Subscription
  running: Promise<void> | undefined
}

/** Memory adapter of the bus, for tests: a log per topic, and readers that follow it record by record. */
export class MemoryBus implements EventBus {
  private readonly readers: Reader[] = []
  private closed = false

  constructor(private readonly log = new MemoryLog()) {}

  async publish(events: readonly OutgoingEvent[]): Promise<ReadonlyMap<string, LogPosition>> {
    const positions = new Map<string, LogPosition>()
    for (const event of events) {
      const records = this.log.topic(event.topic)
      positions.set(event.id, { partition: 0, offset: records.length })
      records.push(recordOf(event, `0:${records.length}`))
    }
    return positions
  }

  async findLost(topic: string, acknowledged: readonly LogPosition[]): Promise<readonly LostPosition[]> {
    const { length } = this.log.topic(topic)
    return acknowledged.filter(({ offset }) => offset >= length).map(({ partition }) => ({ partition, offset: length, why: 'ends' }))
  }

  async writeHeartbeats(): Promise<void> {
    // Readers follow the log themselves.
  }

  announce(): void {
    for (const reader of this.readers) this.wake(reader)
  }

  async subscribe(subscription: Subscription): Promise<void> {
    const reader: Reader = { subscription, running: undefined }
    this.readers.push(reader)
    this.wake(reader)
  }

  async read({ name }: { name: string }, position: ReadPosition): Promise<LogPart> {
    const log = this.log.topic(name)
    const from = position === 'beginning' ? 0 : position
    if (from > log.length) return { records: [], next: 'beginning', end: false }
    const records = log.slice(from, from + READ_AT_ONCE)
    const next = from + records.length
    return { records, next, end: next === log.length }
  }

  async *scan(topics: readonly string[], since: Date): AsyncIterable<BusRecord> {
    for (const name of topics) yield* this.log.topic(name).filter((record) => Date.parse(timeOf(record)) >= since.getTime())
  }

  state(): 'up' {
    return 'up'
  }

  async lag(): Promise<ServiceLag[]> {
    return this.log.names.map((topic) => ({
      topic,
      messages: this.log.topic(topic).length,
      groups: this.readers
        .filter(({ subscription }) => subscription.topics.some((mine) => mine.name === topic))
        .map(({ subscription: { group } }) => {
          const position = this.log.position(group, topic)
          const next = this.log.topic(topic)[position]
          const oldest = next === undefined ? {} : { oldest: { run: runInHeaders(next), at: timeOf(next) } }
          return { group, messages: this.log.topic(topic).length - position, seconds: 0, ...oldest }
        }),
    }))
  }

  async rates(now: Date): Promise<TopicRate[]> {
    const minutes = minutesUntil(now)
    return this.log.names.map((topic) => {
      const times = this.log.topic(topic).map((record) => Date.parse(timeOf(record)))
      const perMinute = minutes.map((from, index) => times.filter((at) => at >= from && at < (minutes[index + 1] ?? Infinity)).length)
      return { topic, perMinute }
    })
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all(this.readers.map((reader) => reader.running))
  }

  /** For tests on virtual time: whether every reader has handled everything. */
  get idle(): boolean {
    return this.readers.every((reader) => reader.running === undefined)
  }

  private wake(reader: Reader): void {
    if (this.closed) return
    reader.running ??= this.drain(reader).then((drained) => {
      reader.running = undefined
      if (drained && this.isBehind(reader)) this.wake(reader)
    })
  }

  private isBehind({ subscription: { group, topics } }: Reader): boolean {
    return topics.some(({ name }) => this.log.position(group, name) < this.log.topic(name).length)
  }

  /** Returns `false` when the handler rejected: the position stays, and the record is redelivered at the next wake-up or subscription. */
  private async drain(reader: Reader): Promise<boolean> {
    const { group, topics, handle } = reader.subscription
    while (!this.closed && this.isBehind(reader)) {
      for (const { name } of topics) {
        const position = this.log.position(group, name)
        const record = this.log.topic(name)[position]
        if (record === undefined || this.closed) continue
        try {
          await handle(record)
        } catch {
          return false
        }
        this.log.moveTo(group, name, position + 1)
      }
    }
    return true
  }
}

function timeOf({ headers }: BusRecord): string {
  return headers['ce_time'] ?? ''
}
