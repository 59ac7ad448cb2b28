import { canonicalJson, remembered, type StandingProof, type StandingRow, toBase64, utf8 } from '#libs/contracts'
import { isCount, isText, objectOf } from '../shape.js'
import { HashTree } from '../tlog/hash-tree.js'
import { leafHash } from '../tlog/merkle.js'
import { isIncluded } from '../tlog/verify-proof.js'
import type { HeadPredicate } from '../head.js'

/** Commitment to all stable heads, for readers that name their policies: root (32 bytes in base64) of a tree of `size` rows. */
export type StableRoot = { size: number; root: string }

export const isStableRoot = objectOf({ size: isCount, root: isText })

/** Maximum cached leaf hashes. The tree over thousands of heads is rebuilt after each changed head. */
const MAX_LEAVES = 20_000
const leaves = new Map<string, Uint8Array>()

/** RFC 6962 tree over all stable heads, sorted by policy id. A leaf is the canonical form of `[policy, seq, current]`. */
export class StableTree {
  private readonly heads: StableHead[]
  private readonly tree = new HashTree()

  constructor(heads: Iterable<StableHead>) {
    this.heads = [...heads].sort((a, b) => (a.policy < b.policy ? -1 : 1))
    for (const head of this.heads) this.tree.append(leafOf(head))
  }

  get root(): StableRoot {
    return { size: this.tree.size, root: toBase64(this.tree.root()) }
  }

  /** Returns the row of a policy; for a policy without stable head, the rows between which it would be. */
  proofOf(policy: string): StandingProof {
    const at = this.placeOf(policy)
    const rows = this.heads[at]?.policy === policy ? [at] : [at - 1, at].filter((index) => this.heads[index] !== undefined)
    return rows.map((index) => this.row(index))
  }

  private row(index: number): StandingRow {
    const { policy, seq, current } = this.heads[index]!
    return { policy, seq, current, index, path: this.tree.inclusion(index).map(toBase64) }
  }

  /** Returns the index of the first head whose policy id is not less than `policy`. */
  private placeOf(policy: string): number {
    let [low, high] = [0, this.heads.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.heads[middle]!.policy < policy) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Whether `proof` shows that `policy` has the head `held` in the tree (`undefined`: no head). Never throws: `proof` is untrusted. */
export function provesStableHead({ size, root }: StableRoot, policy: string, held: StableHead | undefined, proof: unknown): boolean {
  if (!Array.isArray(proof) || proof.length > 2) return false
  const rows = proof as (Partial<StandingRow> | null)[]
  if (!rows.every((row) => row !== null && typeof row === 'object' && isRow(row, size, root))) return false
  const [first, second] = rows as StandingRow[]
  if (held !== undefined) return rows.length === 1 && first?.policy === policy && first.seq === held.seq && first.current === held.current
  if (first === undefined) return size === 0
  if (second !== undefined) return first.policy < policy && policy < second.policy && second.index === first.index + 1
  return first.policy < policy ? first.index === size - 1 : policy < first.policy && first.index === 0
}

function isRow({ policy, seq, current, index, path }: Partial<StandingRow>, size: number, root: string): boolean {
  if (!isText(policy) || !isCount(seq) || !isCount(index) || !Array.isArray(path)) return false
  if (current !== null && typeof current !== 'string') return false
  return isIncluded(leafHash(utf8(rowOf({ policy, seq, current } as StableHead))), index!, size, path, root)
}

function rowOf({ policy, seq, current }: StableHead): string {
  return canonicalJson([policy, seq, current])
}

function leafOf(head: StableHead): Uint8Array {
  const row = rowOf(head)
  return remembered(leaves, MAX_LEAVES, row, () => leafHash(utf8(row)))
}

/** Content of a row of the tree. */
export type StableHead = Pick<HeadPredicate, 'policy' | 'seq' | 'current'>
