import type { Envelope } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { ApprovedRelease } from '#libs/signing'
import type { EntryFacts, LogEntry } from './entry.js'

/** Lock held from the choice of an index to the commit. Without it two events could get the same index, or leave a gap. */
export const LOG_LOCK = 'audit:log'

export interface EntryQuery {
  run?: number
  /** Only entries with a higher index. */
  after?: number
  /** Only entries with a lower index. */
  before?: number
  /** Name of the person who acted, case-insensitive. */
  by?: string
  type?: string
  /** Time the event was made; `since` included, `until` not. */
  since?: Date
  until?: Date
  /** Newest first; ascending by index by default. */
  newestFirst?: boolean
  /** Whether results include the signed events that the log keeps. */
  withEvents?: boolean
  /** Whether results include `actors` and `policies`. */
  withActors?: boolean
  limit: number
}

export interface EventAttachments {
  releases?: readonly ApprovedRelease[]
  /** Result of `actorsOf`. */
  actors?: readonly string[]
  /** The event, if the log keeps it. */
  signed?: Envelope
}

/** Arrival rows without a valid signature of audit: stored by an earlier build, or forged. */
export interface UnsignedRows {
  topics: string[]
  /** Time of the oldest event. */
  since: Date
  events: string[]
}

export const MAX_UNSIGNED = 10_000

/** Entries of the log. Entries are never changed or deleted; in PostgreSQL, triggers refuse it. Adapters: PostgreSQL and memory. */
export abstract class EntryStore {
  /** Stores an event without an index. Writers do not wait for each other here. */
  abstract append(tx: Transaction, facts: EntryFacts, attachments?: EventAttachments): Promise<void>
  /** Describes the oldest unsigned or refused rows, at most `MAX_UNSIGNED`; `undefined` if there are none. */
  abstract unsigned(tx: Transaction): Promise<UnsignedRows | undefined>
  /** Removes the row of an event if it is unsigned or was refused; returns whether there was one. */
  abstract dropUnsigned(tx: Transaction, event: string): Promise<boolean>
  /**
   * Assigns the next indexes to at most `limit` stored events, in the order of arrival; an event that is already in the log is skipped.
   * Returns the number of entries added, and whether `limit` events were read, so that others may wait. The caller holds `LOG_LOCK`.
   */
  abstract sequence(tx: Transaction, limit: number): Promise<{ added: number; isFull: boolean }>
  abstract find(tx: Transaction, query: EntryQuery): Promise<LogEntry[]>
}
