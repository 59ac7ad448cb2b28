import type { Transaction } from '#libs/persistence'
import type { LoggedRelease } from '../entries/entry.js'

/** A checkpoint that was published: the log's signature and those of its witnesses. */
export interface PublishedCheckpoint {
  size: number
  /** The whole note. */
  note: string
}

/** Held while the tree grows: two instances that grow it at once would write the same. */
export const TREE_LOCK = 'audit:tree'

/**
 * The Merkle tree over the entries, at the heights that tiles have: level 0 are the leaves, level k the roots of 256^k of them. Rows are
 * added and read, never changed. Twins: PostgreSQL and memory.
 */
export interface TreeStore {
  /** Number of entries. */
  size(tx: Transaction): Promise<number>
  /** Entries `start` (included) to `end` (not included), as they were hashed. */
  entries(tx: Transaction, start: number, end: number): Promise<string[]>
  /** Hashes `start` to `end` of a level. */
  hashes(tx: Transaction, level: number, start: number, end: number): Promise<Buffer[]>
  /** How many roots of a level above the leaves there are. */
  count(tx: Transaction, level: number): Promise<number>
  add(tx: Transaction, level: number, index: number, hash: Buffer): Promise<void>
  /** The newest checkpoint: of the largest size the last one; `undefined` before the first. */
  latest(tx: Transaction): Promise<PublishedCheckpoint | undefined>
  publish(tx: Transaction, checkpoint: PublishedCheckpoint): Promise<void>
  /** Releases whose entries lie from `start` (included) to `end` (not included), by index and digest, as their trees are ordered. */
  releasesIn(tx: Transaction, start: number, end: number): Promise<LoggedRelease[]>
  release(tx: Transaction, which: { digest: string } | { policy: string; version: string }): Promise<LoggedRelease | undefined>
}

/** Under which the module provides the twin it chose. */
export const TREE_STORE = Symbol('TreeStore')
