import type { Transaction } from '#libs/persistence'
import {
  completeRoot,
  consistencyPath,
  foldSubtrees,
  inclusionPath,
  subtreesOf,
  TILE_HEIGHT,
  TILE_WIDTH,
  type LeafRange,
  type Subtree,
} from '#libs/signing'
import type { TreeStore } from './tree.store.js'

/** A tree that is to be signed. */
export interface Grown {
  size: number
  root: Buffer
  /** Size of the last published checkpoint. */
  published: number
}

/** Adds the roots of all tiles that `size` entries fill. */
export async function growTree(store: TreeStore, tx: Transaction, size: number): Promise<void> {
  let below = size
  for (let level = 1; below >= TILE_WIDTH; level++) {
    const full = Math.floor(below / TILE_WIDTH)
    for (let index = await store.count(tx, level); index < full; index++) {
      const hashes = await store.hashes(tx, level - 1, index * TILE_WIDTH, (index + 1) * TILE_WIDTH)
      await store.add(tx, level, index, completeRoot(hashes))
    }
    below = full
  }
}

export function rootOf(store: TreeStore, tx: Transaction, size: number): Promise<Buffer> {
  return hashOf(store, tx, { start: 0, end: size })
}

/** Proof that leaf `index` is in the tree of `size`. */
export function inclusionProof(store: TreeStore, tx: Transaction, index: number, size: number): Promise<Buffer[]> {
  return hashesOf(store, tx, inclusionPath(index, { start: 0, end: size }))
}

/** Proof that the tree of `size` begins with the tree of `old`; none is needed for the empty tree. */
export async function consistencyProof(store: TreeStore, tx: Transaction, old: number, size: number): Promise<Buffer[]> {
  return old === 0 ? [] : hashesOf(store, tx, consistencyPath(old, size))
}

function hashesOf(store: TreeStore, tx: Transaction, ranges: readonly LeafRange[]): Promise<Buffer[]> {
  return Promise.all(ranges.map((range) => hashOf(store, tx, range)))
}

async function hashOf(store: TreeStore, tx: Transaction, range: LeafRange): Promise<Buffer> {
  return foldSubtrees(await Promise.all(subtreesOf(range).map((subtree) => subtreeHash(store, tx, subtree))))
}

/** A complete subtree from the tile level below it: 128 hashes at most. */
async function subtreeHash(store: TreeStore, tx: Transaction, { level, index }: Subtree): Promise<Buffer> {
  const tileLevel = Math.floor(level / TILE_HEIGHT)
  const width = 2 ** (level % TILE_HEIGHT)
  const hashes = await store.hashes(tx, tileLevel, index * width, (index + 1) * width)
  if (hashes.length !== width) throw new Error(`the log lacks hashes of level ${tileLevel} from ${index * width} on`)
  return completeRoot(hashes)
}
