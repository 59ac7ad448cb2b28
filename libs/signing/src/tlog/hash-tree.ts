import { consistencyPath, foldSubtrees, inclusionPath, nodeHash, subtreesOf, type LeafRange } from './merkle.js'

/** RFC 6962 tree in memory that stores the hashes of all complete subtrees. */
export class HashTree {
  /** `levels[k][i]`: hash of the leaves `i · 2^k` to `(i + 1) · 2^k`. */
  private readonly levels: Uint8Array[][] = [[]]

  get size(): number {
    return this.levels[0]!.length
  }

  append(leaf: Uint8Array): void {
    let hash = leaf
    for (let level = 0; ; level++) {
      const hashes = (this.levels[level] ??= [])
      hashes.push(hash)
      if (hashes.length % 2 === 1) return
      hash = nodeHash(hashes[hashes.length - 2]!, hash)
    }
  }

  root(size = this.size): Uint8Array {
    return this.hashOf({ start: 0, end: size })
  }

  inclusion(index: number, size = this.size): Uint8Array[] {
    return inclusionPath(index, { start: 0, end: size }).map((range) => this.hashOf(range))
  }

  consistency(old: number, size = this.size): Uint8Array[] {
    return consistencyPath(old, size).map((range) => this.hashOf(range))
  }

  private hashOf(range: LeafRange): Uint8Array {
    return foldSubtrees(subtreesOf(range).map(({ level, index }) => this.levels[level]![index]!))
  }
}
