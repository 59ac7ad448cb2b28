import { isSameBytes } from '#libs/contracts'
import { isCount } from '../shape.js'
import { EMPTY_ROOT, hashFrom, nodeHash } from './merkle.js'

/** Whether `path` leads from leaf `index` to the root of a tree of `size` (RFC 9162 §2.1.3.2). */
export function verifyInclusion(leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[], root: Uint8Array): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false
  let at = index
  let last = size - 1
  let hash = leaf
  for (const sibling of path) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash)
      // A node without right sibling moves up to the level at which it is a right child.
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)]
    } else hash = nodeHash(hash, sibling)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && isSameBytes(hash, root)
}

/** Whether an untrusted `path` of base64 hashes leads from leaf `index` to `root`, also base64. Never throws. */
export function isIncluded(leaf: Uint8Array, index: number, size: number, path: readonly unknown[], root: unknown): boolean {
  const [top, ...hashes] = [root, ...path].map(hashFrom)
  if (top === undefined || hashes.includes(undefined)) return false
  return verifyInclusion(leaf, index, size, hashes as Uint8Array[], top)
}

/** Whether the tree of `size` extends the tree of `old` (RFC 9162 §2.1.4.2). Every tree extends the empty one. */
export function verifyConsistency(old: number, oldRoot: Uint8Array, size: number, root: Uint8Array, path: readonly Uint8Array[]): boolean {
  if (!isCount(old) || !isCount(size) || old > size) return false
  if (old === 0) return path.length === 0 && isSameBytes(EMPTY_ROOT, oldRoot)
  if (old === size) return path.length === 0 && isSameBytes(oldRoot, root)
  const isPowerOfTwo = Number.isInteger(Math.log2(old))
  const [first, ...rest] = isPowerOfTwo ? [oldRoot, ...path] : path
  if (first === undefined) return false
  let at = old - 1
  let last = size - 1
  while (at % 2 === 1) [at, last] = [half(at), half(last)]
  let before = first
  let after = first
  for (const sibling of rest) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      before = nodeHash(sibling, before)
      after = nodeHash(sibling, after)
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)]
    } else after = nodeHash(after, sibling)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && isSameBytes(before, oldRoot) && isSameBytes(after, root)
}

function half(value: number): number {
  return Math.floor(value / 2)
}
