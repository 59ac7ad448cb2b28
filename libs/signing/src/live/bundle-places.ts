import { fromBase64, fromHex, toBase64, toHex } from '#libs/contracts'
import { sha256 } from '../crypto/node.js'

/** Bytes of the hash: enough to distinguish the places of an installation, and two hundred fit into a kilobyte. */
const TAG_BYTES = 4

/** Returns the tag of a place (`policy@scope`) in `BundlePlaces`. */
export function placeTag(id: string, scope: string): string {
  return toHex(sha256(`${id}@${scope}`).subarray(0, TAG_BYTES))
}

/** Returns the tags of all documents of a revision, in base64. */
export function bundlePlaces(places: readonly { id: string; scope: string }[]): string {
  return toBase64(fromHex(places.map(({ id, scope }) => placeTag(id, scope)).join('')))
}

/** Returns the tags of a bundle. */
export function placeTagsIn(bundle: string): string[] {
  return toHex(fromBase64(bundle)).match(/.{8}/g) ?? []
}
