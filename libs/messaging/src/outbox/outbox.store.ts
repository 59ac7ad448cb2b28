import type { OutgoingEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'

export interface OutboxRow extends OutgoingEvent {
  /** Insertion order; equals commit order per key, because the aggregate is locked before the insert. */
  seq: number
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
  /** Marks unsent rows as sent and gives them their place in the embedded log, in `seq` order; answers with the places. */
  markSent(tx: Transaction, ids: readonly string[]): Promise<ReadonlyMap<string, number>>
  oldestUnsentAt(tx: Transaction): Promise<Date | null>
}
