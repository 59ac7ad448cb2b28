import { EmbeddedBus, PostgresOutboxStore } from '#libs/messaging'
import type { OutgoingEvent } from '#libs/contracts'
import { silentLogger, systemClock } from '#libs/platform'
import { Pool } from 'pg'
import { nowMs } from './figures.js'

/** A bus that takes everything at once, and notes when it was first handed each event. */
export class NotingBus extends EmbeddedBus {
  readonly publishedAt = new Map<string, number>()

  constructor() {
    // Never used: nobody subscribes.
    super(new Pool(), systemClock, silentLogger)
  }

  override publish(events: readonly OutgoingEvent[]): ReturnType<EmbeddedBus['publish']> {
    const at = nowMs()
    for (const { id } of events) if (!this.publishedAt.has(id)) this.publishedAt.set(id, at)
    return super.publish(events)
  }
}

/** The product's store, counting what its relay has marked as sent. */
export class CountingOutboxStore extends PostgresOutboxStore {
  sent = 0
  lastAtMs = 0

  override async markSent(...args: Parameters<PostgresOutboxStore['markSent']>): ReturnType<PostgresOutboxStore['markSent']> {
    const offsets = await super.markSent(...args)
    this.sent += offsets.size
    this.lastAtMs = nowMs()
    return offsets
  }
}
