import { digestOfJson, isDigest } from './digest.js'
import { isCount, objectOf } from './shape.js'

/** Binds members without listing them: the digest over the sorted list, and its length. The list is transmitted once. */
export type BundleRef = { digest: string; size: number }

export const isBundleRef = objectOf({ digest: isDigest, size: isCount })

/** Computes the reference. `members` may be in any order. */
export function bundleOf(members: readonly string[]): BundleRef {
  return { digest: digestOfJson([...members].sort()), size: members.length }
}

export function isSameBundle(one: BundleRef | undefined, other: BundleRef): boolean {
  return one?.digest === other.digest && one.size === other.size
}
