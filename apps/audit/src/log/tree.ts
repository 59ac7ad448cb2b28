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

export interface Grown {
  size: number
  root: Uint8Array
  /** Size of the last published checkpoint. */
  published: number
}

/** Stores the missing roots of all tiles that `size` entries fill. */
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

export async function rootOf(store: TreeStore, tx: Transaction, size: number): Promise<Uint8Array> {
  const [root] = await hashesOf(store, tx, [{ start: 0, end: size }])
  return root!
}

export function inclusionProof(store: TreeStore, tx: Transaction, index: number, size: number): Promise<Uint8Array[]> {
  return hashesOf(store, tx, inclusionPath(index, { start: 0, end: size }))
}

/** Returns the proof that the tree of `size` begins with the tree of `old`; empty for the empty tree. */
export async function consistencyProof(store: TreeStore, tx: Transaction, old: number, size: number): Promise<Uint8Array[]> {
  return old === 0 ? [] : hashesOf(store, tx, consistencyPath(old, size))
}

async function hashesOf(store: TreeStore, tx: Transaction, ranges: readonly LeafRange[]): Promise<Uint8Array[]> {
  const parts = ranges.map(subtreesOf)
  const spans = await Promise.all(spansOf(parts.flat()).map((span) => readSpan(store, tx, span)))
  return parts.map((subtrees) => foldSubtrees(subtrees.map((subtree) => rootIn(spans, subtree))))
}

/** Hashes of one tile level, from `start` (included) to `end` (not included). */
interface Span {
  tileLevel: number
  start: number
  end: number
}

type ReadSpan = Span & { hashes: Uint8Array[] }

/** Returns the span of a complete subtree: 1 to 128 hashes within one tile. */
function spanOf({ level, index }: Subtree): Span {
  const width = 2 ** (level % TILE_HEIGHT)
  return { tileLevel: Math.floor(level / TILE_HEIGHT), start: index * width, end: (index + 1) * width }
}

/** Merges adjacent subtrees into spans, so a root takes one read per tile level instead of one per subtree. */
function spansOf(subtrees: readonly Subtree[]): Span[] {
  const spans: Span[] = []
  for (const span of subtrees.map(spanOf).sort((a, b) => a.tileLevel - b.tileLevel || a.start - b.start)) {
    const last = spans.at(-1)
    if (last?.tileLevel === span.tileLevel && span.start <= last.end) last.end = Math.max(last.end, span.end)
    else spans.push(span)
  }
  return spans
}

async function readSpan(store: TreeStore, tx: Transaction, span: Span): Promise<ReadSpan> {
  const { tileLevel, start, end } = span
  const hashes = await store.hashes(tx, tileLevel, start, end)
  if (hashes.length !== end - start) throw new Error(`the log lacks hashes of level ${tileLevel} from ${start} on`)
  return { ...span, hashes }
}

function rootIn(spans: readonly ReadSpan[], subtree: Subtree): Uint8Array {
  const { tileLevel, start, end } = spanOf(subtree)
  const around = spans.find((span) => span.tileLevel === tileLevel && span.start <= start && end <= span.end)!
  return completeRoot(around.hashes.slice(start - around.start, end - around.start))
}
