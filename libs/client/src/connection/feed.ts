import type { Reader } from '#libs/evaluation'
import type { ApiClient } from '../api/api-client.js'
import type { Clock } from '../clock.js'
import type { PinnedRosters } from '../trust/pinned-rosters.js'
import type { Contact } from './contact.js'
import type { DiskCopy } from './disk-copy.js'

/** Rosters that a reader trusts; `follow` fetches their successors. */
export type RosterKeeper = Pick<PinnedRosters, 'kind' | 'newest' | 'follow'>

export interface ReaderOptions {
  reader: Reader
  /** Policies of this reader; absent for all. */
  policies?: readonly string[]
  disk: Pick<DiskCopy, 'load' | 'save' | 'settled'> | null
  rosters: RosterKeeper
  clock: Clock
  contact: Contact
  /** Whether documents come from a Kafka log, which may deliver an old document again: in a duplicate record, or from a re-read offset. */
  fromLog?: boolean
  /** Client of the server that accepts alerts; absent for a follower of a log. */
  api?: Pick<ApiClient, 'post'>
}

/** Source of a session's documents: a server over its transports, or a log. A feed calls the session's methods. */
export interface Feed {
  /** Starts the feed. `from`: revision to resume from; `undefined` if there is no copy, or part of it no longer verifies. */
  start(from: number | undefined): void
  /** Called after documents were applied, an effective time has come, or a lease has expired; before any listener, which may be slow. */
  applied(): void
  /** Called after a newer roster was loaded. Re-verifies the documents by it, and refetches those that the previous roster refused. */
  rosterChanged(): void
  stop(): Promise<void>
}

export interface ApplyOptions {
  /** Whether more documents follow; if so, the state is not updated yet. */
  more?: boolean
  /** Policies that share a bundle with a policy of this reader. The reader receives them too. */
  bundleSiblings?: readonly string[]
  /** Whether these are all documents for this reader. */
  isSnapshot?: boolean
  /** Keys of a log (`policy@scope`) whose documents were removed from it. */
  erased?: Iterable<string>
}
