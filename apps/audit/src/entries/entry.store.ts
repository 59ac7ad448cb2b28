import type { Envelope } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { ApprovedRelease } from '#libs/signing'
import type { EntryFacts, LogEntry } from './entry.js'

/** Held from the choice of an index to the commit: without it two events could take the same place, or leave one empty. */
export const LOG_LOCK = 'audit:log'

export interface EntryQuery {
  run?: number
  /** Only entries with a higher index. */
  after?: number
  /** Only entries with a lower index. */
  before?: number
  /** Name of a person whose act it was, whatever its case. */
  by?: string
  type?: string
  /** When the event was made; `since` included, `until` not. */
  since?: Date
  until?: Date
  /** The newest first; ascending by index without it. */
  newest?: boolean
  /** With the events that the log keeps. */
  signed?: boolean
  limit: number
}

/** What comes with an entry. */
export interface Arriving {
  /** What an approval is of. */
  releases?: readonly ApprovedRelease[]
  /** Of `actorsOf`. */
  actors?: readonly string[]
  /** The event, where the log keeps it. */
  signed?: Envelope
}

/** The log: rows are added and read, never changed. Twins: PostgreSQL, where triggers refuse all else, and memory. */
export interface EntryStore {
  /** Takes an event in; it has no place yet. Writers do not wait for each other here. */
  take(tx: Transaction, facts: EntryFacts, arriving?: Arriving): Promise<void>
  /** Topics and oldest time of the rows that nobody signed; `undefined` where there are none. */
  unsigned(tx: Transaction): Promise<{ topics: string[]; since: Date } | undefined>
  /** Removes the row of an event where nobody signed it, or it was refused; whether there was one. */
  dropUnsigned(tx: Transaction, event: string): Promise<boolean>
  /**
   * Gives at most `limit` of those taken in the next indexes, in the order in which they came; one that is in the log already is passed
   * over. Answers how many it added. The caller holds `LOG_LOCK`.
   */
  place(tx: Transaction, limit: number): Promise<number>
  /** In the order that is asked for. */
  find(tx: Transaction, query: EntryQuery): Promise<LogEntry[]>
}

/** Under which the module provides the twin it chose. */
export const ENTRY_STORE = Symbol('EntryStore')
