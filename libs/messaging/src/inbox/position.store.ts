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
   * `duplicate`: already handled. `gap`: an earlier one is missing. `before`: it lies before the first that came of the stream, and was
   * never handled: a log that lost its end gets back what was there behind what is newer.
   */
  place: 'next' | 'duplicate' | 'gap' | 'before'
  /** Where the stream is now. */
  last: number
  /** Whether events of the stream may be parked; `false` saves the look, which every event but a few in a million would make in vain. */
  parked: boolean
}

/**
 * How far a consumer is with each (producer, topic, key): constant size, and it detects gaps and reordering, which a table of ids
 * cannot. Twins: PostgreSQL and memory.
 */
export interface PositionStore {
  /**
   * Moves the position from `keySeq - 1` to `keySeq`. A stream seen for the first time starts at the first record that comes, which is
   * the oldest retained record. `over`: what is missing will not come, and the stream goes on behind it.
   */
  advance(tx: Transaction, stream: StreamKey, keySeq: number, over?: 'over'): Promise<Advance>
  /** Keeps an early event until the missing one comes. */
  park(tx: Transaction, stream: StreamKey, event: VerifiedEvent): Promise<void>
  /**
   * Forgets what was parked up to `keySeq`, which is done with, and answers with the event after it, if that waits. It stays parked until
   * it is done with itself, so that a crash in between strands nothing.
   */
  unpark(tx: Transaction, stream: StreamKey, keySeq: number): Promise<VerifiedEvent | undefined>
  /** Events that wait for an earlier one, and when the oldest of them was made. */
  parked(tx: Transaction): Promise<{ count: number; oldestAt: Date | null }>
  /** Of each stream in which an event has waited so long since it came, by the database's clock, the first that waits; 100 at most. */
  overdue(tx: Transaction, waitedMs: number): Promise<VerifiedEvent[]>
  /**
   * Forgets up to `limit` streams that moved last before a time and have nothing parked. Safe once no record of that age can come again:
   * the next event of such a stream is its first again. Answers how many went.
   */
  prune(tx: Transaction, before: Date, limit: number): Promise<number>
}
