import type { OutgoingEvent } from '#libs/contracts'
import { recordOf } from '../cloud-event.js'
import type { BusRecord, EventBus, Subscription, TopicLag } from '../event-bus.js'

interface Reader {
  subscription: Subscription
  offsets: Map<string, number>
  running: Promise<void> | undefined
}

/** Twin of the bus for tests: a log per topic, readers that follow it one record after the other. */
export class MemoryBus implements EventBus {
  private readonly logs = new Map<string, BusRecord[]>()
  private readonly readers: Reader[] = []
  private closed = false

  async publish(events: readonly OutgoingEvent[]): Promise<ReadonlySet<string>> {
    for (const event of events) {
      const log = this.logOf(event.topic)
      log.push(recordOf(event, `0:${log.length}`))
    }
    return new Set(events.map((event) => event.id))
  }

  announce(): void {
    for (const reader of this.readers) this.wake(reader)
  }

  async subscribe(subscription: Subscription): Promise<void> {
    const reader: Reader = { subscription, offsets: new Map(), running: undefined }
    this.readers.push(reader)
    this.wake(reader)
  }

  state(): 'up' {
    return 'up'
  }

  async lag(): Promise<TopicLag[]> {
    return [...this.logs].map(([topic, log]) => ({
      topic,
      messages: log.length,
      groups: this.readers
        .filter((reader) => reader.subscription.topics.some((mine) => mine.name === topic))
        .map((reader) => ({ group: reader.subscription.group, messages: log.length - (reader.offsets.get(topic) ?? 0), seconds: 0 })),
    }))
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all(this.readers.map((reader) => reader.running))
  }

  /** For tests on virtual time: whether every reader has handled everything. */
  get idle(): boolean {
    return this.readers.every((reader) => reader.running === undefined)
  }

  private logOf(topic: string): BusRecord[] {
    let log = this.logs.get(topic)
    if (log === undefined) this.logs.set(topic, (log = []))
    return log
  }

  private wake(reader: Reader): void {
    reader.running ??= this.drain(reader).finally(() => {
      reader.running = undefined
      if (!this.closed && this.behind(reader)) this.wake(reader)
    })
  }

  private behind(reader: Reader): boolean {
    return reader.subscription.topics.some(({ name }) => (reader.offsets.get(name) ?? 0) < this.logOf(name).length)
  }

  private async drain(reader: Reader): Promise<void> {
    while (!this.closed && this.behind(reader)) {
      for (const { name } of reader.subscription.topics) {
        const offset = reader.offsets.get(name) ?? 0
        const record = this.logOf(name)[offset]
        if (record === undefined) continue
        await reader.subscription.handle(record)
        reader.offsets.set(name, offset + 1)
      }
    }
  }
}
