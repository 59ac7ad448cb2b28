import { type ApprovalMember, canonicalJson, toBase64, utf8 } from '#libs/contracts'
import { HashTree } from './hash-tree.js'
import { leafHash } from './merkle.js'
import { isIncluded } from './verify-proof.js'

/** A release as hashed into the tree of its approval. */
export interface ApprovedRelease {
  /** Policy id. */
  id: string
  version: string
  /** Release digest. */
  digest: string
}

/** Commitment to the releases of an approval. The log entry contains it instead of a list, so its size does not depend on their number. */
export type ApprovalRoot = {
  size: number
  /** Root of the tree over the releases, 32 bytes in base64. */
  root: string
}

/** RFC 6962 tree over the releases of one approval, sorted by digest. A leaf is the canonical form of `{ digest, id, version }`. */
export class ApprovalTree {
  private readonly tree = new HashTree()
  private readonly indexes: Map<string, number>

  constructor(releases: readonly ApprovedRelease[]) {
    const sorted = [...releases].sort((a, b) => (a.digest < b.digest ? -1 : 1))
    for (const release of sorted) this.tree.append(leafOf(release))
    this.indexes = new Map(sorted.map(({ digest }, index) => [digest, index]))
  }

  get root(): ApprovalRoot {
    return { size: this.tree.size, root: toBase64(this.tree.root()) }
  }

  /** Returns the proof of a release; throws a `RangeError` if it is not part of the tree. */
  member(digest: string): ApprovalMember {
    const index = this.indexes.get(digest)
    if (index === undefined) throw new RangeError(`${digest} is not in this approval`)
    return { index, path: this.tree.inclusion(index).map(toBase64) }
  }
}

/** Whether an approval (an `ApprovalRoot`) includes this release. Never throws, because `approval` and `member` are untrusted. */
export function isApproved(approval: unknown, release: ApprovedRelease, member: unknown): boolean {
  const { root, size } = (approval ?? {}) as Partial<ApprovalRoot>
  const { index, path } = (member ?? {}) as Partial<ApprovalMember>
  if (typeof size !== 'number' || typeof index !== 'number' || !Array.isArray(path)) return false
  return isIncluded(leafOf(release), index, size, path, root)
}

function leafOf({ id, version, digest }: ApprovedRelease): Uint8Array {
  return leafHash(utf8(canonicalJson({ digest, id, version })))
}
