import type { OutgoingEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { LogPosition } from '../event-bus.js'

export interface OutboxRow extends OutgoingEvent {
  /** Insertion order; equals commit order per key, because the aggregate is locked before the insert. */
  seq: number
}

/** A row with its offset in the embedded log. */
export type SentRow = OutboxRow & { offset: number }

/** Last record of one partition that its broker acknowledged. */
export interface LogEnd extends LogPosition {
  topic: string
}

/** Stores events in the transaction of the state they report. Sent rows stay for a week, to republish records that the broker lost. */
export interface OutboxStore {
  /** Returns the next number of (topic, key); its row lock is held until the commit. */
  nextKeySeq(tx: Transaction, topic: string, key: string): Promise<number>
  append(tx: Transaction, event: OutgoingEvent): Promise<void>
  /** Returns the oldest unsent rows in `seq` order. Only the shard's leader may call it: a second reader would invert a key's order. */
  unsent(tx: Transaction, limit: number): Promise<OutboxRow[]>
  /** Marks unsent rows as sent. Returns each row's offset: the offset on the bus, else the embedded log's next offset in `seq` order. */
  markSent(tx: Transaction, positions: ReadonlyMap<string, LogPosition | undefined>): Promise<ReadonlyMap<string, number>>
  /** Marks the oldest unsent rows as sent, at the next offsets of the embedded log, and returns them in that order. */
  sendUnsent(tx: Transaction, limit: number): Promise<SentRow[]>
  logEnds(tx: Transaction): Promise<LogEnd[]>
  /** Marks all retained rows of a partition as unsent, so they are published again; returns how many. */
  unsendPartition(tx: Transaction, topic: string, partition: number): Promise<number>
  /** Marks up to `limit` rows created since a time and after `afterSeq` as unsent, in `seq` order. `lastSeq` is `null` when none remain. */
  unsendSince(tx: Transaction, since: Date, afterSeq: number, limit: number): Promise<{ rows: number; lastSeq: number | null }>
  /**
   * Deletes the counters of up to `limit` streams whose last event is older than a time; returns how many. A key that is used again later
   * starts above every deleted number of its topic, so that no reader takes its events for duplicates.
   */
  pruneStreams(tx: Transaction, before: Date, limit: number): Promise<number>
  /**
   * Deletes up to `limit` rows sent before a time; returns how many. For `compacted` topics it keeps the newest row of each key, unless the
   * row is a tombstone: a broker that lost these records must be able to get them again.
   */
  prune(tx: Transaction, before: Date, compacted: readonly string[], limit: number): Promise<number>
  pending(tx: Transaction): Promise<{ count: number; oldestAt: Date | null }>
}
