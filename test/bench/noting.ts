import { EmbeddedBus, PostgresOutboxStore } from '#libs/messaging'
import { silentLogger, systemClock } from '#libs/platform'
import { Pool } from 'pg'
import { nowMs } from './figures.js'

/** A bus that takes everything at once, and notes when it was first handed each event. */
export class NotingBus extends EmbeddedBus {
  readonly publishedAt = new Map<string, number>()

  constructor() {
    // Never used: there is no subscriber.
    super(new Pool(), systemClock, silentLogger)
  }

  override announce(_source: string, sent: Parameters<EmbeddedBus['announce']>[1]): void {
    const at = nowMs()
    for (const { event } of sent) if (!this.publishedAt.has(event.id)) this.publishedAt.set(event.id, at)
  }
}

/** The product's store, counting what its relay has marked as sent. */
export class CountingOutboxStore extends PostgresOutboxStore {
  sent = 0
  lastAtMs = 0

  override async sendUnsent(...args: Parameters<PostgresOutboxStore['sendUnsent']>): ReturnType<PostgresOutboxStore['sendUnsent']> {
    const sent = await super.sendUnsent(...args)
    this.count(sent.length)
    return sent
  }

  override async markSent(...args: Parameters<PostgresOutboxStore['markSent']>): ReturnType<PostgresOutboxStore['markSent']> {
    const marked = await super.markSent(...args)
    this.count(marked.size)
    return marked
  }

  private count(rows: number): void {
    this.sent += rows
    this.lastAtMs = nowMs()
  }
}
