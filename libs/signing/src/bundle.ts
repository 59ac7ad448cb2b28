import { fromBase64, fromHex, toBase64, toHex } from '#libs/contracts'
import { sha256 } from './crypto/node.js'
import { digestOfJson, isDigest } from './digest.js'
import { isCount, objectOf } from './shape.js'

/** Reference of a member to its bundle: digest over the sorted list of all members, and their number. */
export type BundleRef = { digest: string; size: number }

export const isBundleRef = objectOf({ digest: isDigest, size: isCount })

/** Computes the reference to a bundle of `members`, in any order. */
export function bundleOf(members: readonly string[]): BundleRef {
  return { digest: digestOfJson([...members].sort()), size: members.length }
}

export function isSameBundle(one: BundleRef | undefined, other: BundleRef): boolean {
  return one?.digest === other.digest && one.size === other.size
}

/** Bytes of each hash: enough to distinguish the documents of an installation. 200 tags fit into a kilobyte. */
const TAG_BYTES = 4

/** Returns the tag of `policy@scope` in `bundleTags`, in hex. */
export function keyTag(id: string, scope: string): string {
  return toHex(sha256(`${id}@${scope}`).subarray(0, TAG_BYTES))
}

/** Returns the concatenated tags of all documents of a revision, in base64. */
export function bundleTags(documents: readonly { id: string; scope: string }[]): string {
  return toBase64(fromHex(documents.map(({ id, scope }) => keyTag(id, scope)).join('')))
}

/** Returns the tags in the result of `bundleTags`, in hex. */
export function keyTagsIn(bundle: string): string[] {
  return toHex(fromBase64(bundle)).match(/.{8}/g) ?? []
}
