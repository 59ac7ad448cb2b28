import { toHex } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { memoryOf, type MemoryRows } from '#libs/persistence/testing'
import { entryRowsOf, releaseRowsOf } from './memory-entry-store.js'
import type { IndexedRelease } from '../entries/entry.js'
import type { PublishedCheckpoint, TreeStore } from '../log/tree.store.js'

export class MemoryTreeStore implements TreeStore {
  async size(tx: Transaction): Promise<number> {
    return entryRowsOf(tx).values().length
  }

  async entries(tx: Transaction, start: number, end: number): Promise<string[]> {
    return entryRowsOf(tx)
      .values()
      .slice(start, end)
      .map(({ entry }) => entry)
  }

  async hashes(tx: Transaction, level: number, start: number, end: number): Promise<Uint8Array[]> {
    const leaves =
      level === 0
        ? entryRowsOf(tx)
            .values()
            .map(({ leafHash }) => leafHash)
        : undefined
    const hashes: Uint8Array[] = []
    for (let index = start; index < end; index++) {
      const hash = leaves === undefined ? nodesOf(tx).get(`${level} ${index}`) : leaves[index]
      if (hash !== undefined) hashes.push(Buffer.from(hash, 'hex'))
    }
    return hashes
  }

  async count(tx: Transaction, level: number): Promise<number> {
    let index = 0
    while (nodesOf(tx).get(`${level} ${index}`) !== undefined) index++
    return index
  }

  async add(tx: Transaction, level: number, index: number, hash: Uint8Array): Promise<void> {
    nodesOf(tx).set(`${level} ${index}`, toHex(hash))
  }

  async latest(tx: Transaction): Promise<PublishedCheckpoint | undefined> {
    return checkpointsOf(tx)
      .values()
      .reduce<PublishedCheckpoint | undefined>(
        (newest, each) => (newest !== undefined && newest.size > each.size ? newest : each),
        undefined,
      )
  }

  async checkpointAfter(tx: Transaction, after: number, most: number): Promise<PublishedCheckpoint | undefined> {
    const found = checkpointsOf(tx)
      .values()
      .filter(({ size }) => size > after)
      .toSorted((a, b) => a.size - b.size)
    return found.findLast(({ size }) => size <= most) ?? found[0]
  }

  async publish(tx: Transaction, checkpoint: PublishedCheckpoint): Promise<void> {
    checkpointsOf(tx).set(String(checkpointsOf(tx).values().length), checkpoint)
  }

  async releasesIn(tx: Transaction, start: number, end: number): Promise<IndexedRelease[]> {
    return releaseRowsOf(tx)
      .values()
      .filter(({ index }) => index >= start && index < end)
      .toSorted((a, b) => a.index - b.index || (a.digest < b.digest ? -1 : 1))
  }

  async release(tx: Transaction, which: { digest: string } | { policy: string; version: string }): Promise<IndexedRelease | undefined> {
    if ('digest' in which) return releaseRowsOf(tx).get(which.digest)
    return releaseRowsOf(tx)
      .values()
      .findLast(({ policy, version }) => policy === which.policy && version === which.version)
  }
}

function nodesOf(tx: Transaction): MemoryRows<string> {
  return memoryOf(tx).rows<string>('tree_node')
}

function checkpointsOf(tx: Transaction): MemoryRows<PublishedCheckpoint> {
  return memoryOf(tx).rows<PublishedCheckpoint>('checkpoint')
}
