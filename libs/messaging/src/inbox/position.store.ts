import type { VerifiedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'

export interface StreamKey {
  consumer: string
  producer: string
  topic: string
  key: string
}

export interface Advance {
  /**
   * `next`: to be handled. `duplicate`: already handled. `gap`: an earlier event is missing. `before`: precedes the first event received of
   * the stream and was never handled; happens when a log that lost its tail gets the old events back after newer ones.
   */
  order: 'next' | 'duplicate' | 'gap' | 'before'
  last: number
  /** Whether the stream may have parked events. If `false`, the caller skips `unpark`; almost no stream has parked events. */
  parked: boolean
}

/** Stores a position per (producer, topic, key), in constant size. It detects gaps and reordering, which a table of ids cannot. */
export interface PositionStore {
  /**
   * Advances the position from `keySeq - 1` to `keySeq`. A new stream starts at the first record received, which is the oldest retained
   * record. `skip`: the missing events will not come, and the stream continues after the gap.
   */
  advance(tx: Transaction, stream: StreamKey, keySeq: number, gap?: 'skip'): Promise<Advance>
  /** Advances as `advance` does, without a result: the transaction fails if the event is not `next`, or if its stream has parked events. */
  requireNext(tx: Transaction, stream: StreamKey, keySeq: number, gap?: 'skip'): Promise<void>
  /** Keeps an early event until the missing one arrives. */
  park(tx: Transaction, stream: StreamKey, event: VerifiedEvent): Promise<void>
  /** Deletes handled parked events up to `keySeq`; returns the next if parked. It stays parked until handled, so a crash loses nothing. */
  unpark(tx: Transaction, stream: StreamKey, keySeq: number): Promise<VerifiedEvent | undefined>
  parked(tx: Transaction): Promise<{ count: number; oldestAt: Date | null }>
  /** Returns the first parked event of each stream if it has waited `waitedMs` by the database's clock; at most 100. */
  overdue(tx: Transaction, waitedMs: number): Promise<VerifiedEvent[]>
  /**
   * Deletes up to `limit` streams last advanced before a time and without parked events; returns how many. Safe once no record of that age
   * can be redelivered: the next event of such a stream counts as its first.
   */
  prune(tx: Transaction, before: Date, limit: number): Promise<number>
}
