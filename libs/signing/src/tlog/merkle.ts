import { concatBytes, fromBase64, toBase64 } from '#libs/contracts'
import { sha256 } from '../crypto/node.js'

const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)
const HASH_BYTES = 32

/** Computes the leaf hash of RFC 6962 §2.1: SHA-256(0x00 ‖ entry). The prefix distinguishes leaves from inner nodes. */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(concatBytes([LEAF_PREFIX, entry]))
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes([NODE_PREFIX, left, right]))
}

export const EMPTY_ROOT: Uint8Array = sha256('')

/** Decodes a hash of 32 bytes from standard base64; `undefined` for anything else. */
export function hashFrom(text: unknown): Uint8Array | undefined {
  const hash = typeof text === 'string' ? fromBase64(text) : undefined
  return hash?.length === HASH_BYTES && toBase64(hash) === text ? hash : undefined
}

/** Leaves from `start` (inclusive) to `end` (exclusive). */
export interface LeafRange {
  start: number
  end: number
}

/** A complete subtree: the leaves `index · 2^level` to `(index + 1) · 2^level`. A leaf is level 0. */
export interface Subtree {
  level: number
  index: number
}

/** Returns the complete subtrees that a range consists of, from left to right; none for an empty range. */
export function subtreesOf({ start, end }: LeafRange): Subtree[] {
  const parts: Subtree[] = []
  for (let at = start; at < end;) {
    let level = 0
    let width = 1
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      width *= 2
      level++
    }
    parts.push({ level, index: at / width })
    at += width
  }
  return parts
}

/** Computes the hash of a range from the hashes of its `subtreesOf`, in order. */
export function foldSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  const last = hashes.at(-1)
  if (last === undefined) return EMPTY_ROOT
  return hashes.slice(0, -1).reduceRight<Uint8Array>((right, left) => nodeHash(left, right), last)
}

/** Computes the root of a complete subtree from all hashes of one level; their number is a power of two. */
export function completeRoot(hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes
  while (level.length > 1) level = Array.from({ length: level.length / 2 }, (_, pair) => nodeHash(level[pair * 2]!, level[pair * 2 + 1]!))
  return level[0]!
}

/** Returns the ranges whose hashes prove that leaf `index` is in a range, from the leaf up (RFC 6962 §2.1.1). */
export function inclusionPath(index: number, { start, end }: LeafRange): LeafRange[] {
  if (end - start <= 1) return []
  const middle = start + split(end - start)
  return index < middle
    ? [...inclusionPath(index, { start, end: middle }), { start: middle, end }]
    : [...inclusionPath(index, { start: middle, end }), { start, end: middle }]
}

/** Returns the ranges whose hashes prove that a tree of `size` leaves extends a tree of `old`; `0 < old ≤ size` (RFC 6962 §2.1.2). */
export function consistencyPath(old: number, size: number): LeafRange[] {
  return subproof(old, { start: 0, end: size }, true)
}

function subproof(old: number, range: LeafRange, whole: boolean): LeafRange[] {
  const { start, end } = range
  if (old === end) return whole ? [] : [range]
  const middle = start + split(end - start)
  return old <= middle
    ? [...subproof(old, { start, end: middle }, whole), { start: middle, end }]
    : [...subproof(old, { start: middle, end }, false), { start, end: middle }]
}

/** Returns the largest power of two below `count`. Avoids bit operations, because the size of a log may exceed 32 bits. */
function split(count: number): number {
  let width = 1
  while (width * 2 < count) width *= 2
  return width
}
