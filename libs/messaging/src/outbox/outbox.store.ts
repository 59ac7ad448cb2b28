import type { OutgoingEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { Place } from '../event-bus.js'

export interface OutboxRow extends OutgoingEvent {
  /** Insertion order; equals commit order per key, because the aggregate is locked before the insert. */
  seq: number
}

/** A row with its place in the embedded log. */
export type SentRow = OutboxRow & { offset: number }

/** The last record of one partition that its broker acknowledged. */
export interface LogEnd extends Place {
  topic: string
}

/**
 * Events written in the same transaction as the state they tell of. Twins: PostgreSQL and memory.
 * Sent rows stay for a week, so that a lost tail of the broker can be published again.
 */
export interface OutboxStore {
  /** The next number of (topic, key); the row lock it takes is held until the commit. */
  nextKeySeq(tx: Transaction, topic: string, key: string): Promise<number>
  append(tx: Transaction, event: OutgoingEvent): Promise<void>
  /** Oldest unsent rows in `seq` order. Only the shard's leader may call it: a second reader would invert the order of a key. */
  unsent(tx: Transaction, limit: number): Promise<OutboxRow[]>
  /**
   * Marks unsent rows as sent, at the place that the bus gave them; without one they get the next place of the embedded log, in `seq`
   * order. Answers with their offsets.
   */
  markSent(tx: Transaction, places: ReadonlyMap<string, Place | undefined>): Promise<ReadonlyMap<string, number>>
  /** Marks the oldest unsent rows as sent, at the next places of the embedded log, and answers with them in that order. */
  sendUnsent(tx: Transaction, limit: number): Promise<SentRow[]>
  /** The last record of each partition that was written to. */
  logEnds(tx: Transaction): Promise<LogEnd[]>
  /** Forgets that anything of a partition was sent: it is published again from the oldest row kept. Answers how many rows that are. */
  unsendPartition(tx: Transaction, topic: string, partition: number): Promise<number>
  /**
   * The same for what was made since a time and lies after `afterSeq`, at most `limit` rows in `seq` order. `lastSeq` is `null` when that
   * was all.
   */
  unsendSince(tx: Transaction, since: Date, afterSeq: number, limit: number): Promise<{ rows: number; lastSeq: number | null }>
  /**
   * Forgets the number of up to `limit` streams whose last event is older than a time. A later stream of such a key goes on above every
   * number that was forgotten of its topic, so that no reader takes its events for old ones. Answers how many went.
   */
  pruneStreams(tx: Transaction, before: Date, limit: number): Promise<number>
  /**
   * Deletes up to `limit` rows sent before a time, but of `compacted` topics the newest of each key unless it is a tombstone: a broker
   * that lost them must be able to get them again. Answers how many went.
   */
  prune(tx: Transaction, before: Date, compacted: readonly string[], limit: number): Promise<number>
  /** Rows not sent yet, and when the oldest of them was made. */
  pending(tx: Transaction): Promise<{ count: number; oldestAt: Date | null }>
}
