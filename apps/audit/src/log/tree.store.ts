import type { Transaction } from '#libs/persistence'
import type { IndexedRelease } from '../entries/entry.js'

/** Published checkpoint: the log's signature and those of its witnesses. */
export interface PublishedCheckpoint {
  size: number
  /** Complete signed note. */
  note: string
}

/** Lock held while the tree grows: otherwise two instances would write the same rows. */
export const TREE_LOCK = 'audit:tree'

/** Merkle tree of the entries in append-only tiles: level 0 has the leaf hashes, level k the roots of 256^k leaves. */
export abstract class TreeStore {
  abstract size(tx: Transaction): Promise<number>
  /** Returns entries `start` (included) to `end` (not included), as hashed. */
  abstract entries(tx: Transaction, start: number, end: number): Promise<string[]>
  /** Returns the hashes `start` (included) to `end` (not included) of a level. */
  abstract hashes(tx: Transaction, level: number, start: number, end: number): Promise<Uint8Array[]>
  /** Returns the number of stored roots of a level above 0. */
  abstract count(tx: Transaction, level: number): Promise<number>
  abstract add(tx: Transaction, level: number, index: number, hash: Uint8Array): Promise<void>
  /** Returns the newest checkpoint: the last one of the largest size; `undefined` before the first. */
  abstract latest(tx: Transaction): Promise<PublishedCheckpoint | undefined>
  /** Returns the newest checkpoint over more than `after` and at most `most` entries, else the next one; `undefined` if there is none. */
  abstract checkpointAfter(tx: Transaction, after: number, most: number): Promise<PublishedCheckpoint | undefined>
  abstract publish(tx: Transaction, checkpoint: PublishedCheckpoint): Promise<void>
  /** Returns releases approved in entries `start` to `end` (excluded), by index and digest, as the leaves of an approval's tree. */
  abstract releasesIn(tx: Transaction, start: number, end: number): Promise<IndexedRelease[]>
  abstract release(tx: Transaction, which: { digest: string } | { policy: string; version: string }): Promise<IndexedRelease | undefined>
}
