import type { Transaction } from '#libs/persistence'
import type { EntryFacts, LogEntry } from './entry.js'

/** Held from the choice of an index to the commit: without it two events could take the same place, or leave one empty. */
export const LOG_LOCK = 'audit:log'

export interface EntryQuery {
  run?: number
  /** Only entries with a higher index. */
  after?: number
  limit: number
}

/** The log: rows are added and read, never changed. Twins: PostgreSQL, where triggers refuse all else, and memory. */
export interface EntryStore {
  /** Adds at the next index, or answers `undefined` when the event is in the log already. The caller holds `LOG_LOCK`. */
  append(tx: Transaction, facts: EntryFacts): Promise<LogEntry | undefined>
  /** Ascending by index. */
  find(tx: Transaction, query: EntryQuery): Promise<LogEntry[]>
}

/** Under which the module provides the twin it chose. */
export const ENTRY_STORE = Symbol('EntryStore')
