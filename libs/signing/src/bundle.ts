import { digestOfJson, isDigest } from './digest.js'
import { isCount, objectOf } from './shape.js'

/** Binds what belongs together without naming it: the digest over the sorted list, and how long that is. The list travels once. */
export type BundleRef = { digest: string; size: number }

export const isBundleRef = objectOf({ digest: isDigest, size: isCount })

/** `members`: in any order. */
export function bundleOf(members: readonly string[]): BundleRef {
  return { digest: digestOfJson([...members].sort()), size: members.length }
}

export function isSameBundle(one: BundleRef | undefined, other: BundleRef): boolean {
  return one?.digest === other.digest && one.size === other.size
}
