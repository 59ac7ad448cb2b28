import type { Reader } from '#libs/evaluation'
import type { ApiClient } from '../api/api-client.js'
import type { Clock } from '../clock.js'
import type { PinnedRosters } from '../trust/pinned-rosters.js'
import type { Contact } from './contact.js'
import type { DiskCopy } from './disk-copy.js'

/** Rosters trusted by a reader, and the means to follow their successors. */
export type RosterKeeper = Pick<PinnedRosters, 'kind' | 'newest' | 'follow'>

export interface ReaderOptions {
  reader: Reader
  /** Policies of this reader, if not all. */
  policies?: readonly string[]
  disk: Pick<DiskCopy, 'load' | 'save' | 'settled'> | null
  rosters: RosterKeeper
  clock: Clock
  contact: Contact
  /** Documents come from a log, which may deliver an old one again: a duplicate record, or a re-read offset. */
  fromLog?: boolean
  /** Server that accepts alerts; a follower of a log has none. */
  api?: Pick<ApiClient, 'post'>
}

/** Source of a session's documents: a server over its transports, or a log. It calls the session's methods. */
export interface Feed {
  /** `from`: revision to resume from; `undefined` if there is no copy, or part of it no longer verifies. */
  start(from: number | undefined): void
  /** Values in force have changed; called before any listener, which may be slow. */
  applied(): void
  /** A newer roster was loaded: documents refused under the previous one are requested again. */
  startOver(): void
  stop(): Promise<void>
}

export interface TakeOptions {
  /** More documents follow, so these are not complete. */
  more?: boolean
  /** Policies included with those that this reader named. */
  along?: readonly string[]
  /** These are all documents for this reader. */
  whole?: boolean
  /** Places of a log (`policy@scope`) whose documents were removed from it. */
  erased?: Iterable<string>
}
