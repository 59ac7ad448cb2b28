import { sha256 } from '../digest.js'

/** Bytes of the hash: enough to distinguish the places of an installation, and two hundred fit into a kilobyte. */
const TAG_BYTES = 4

/** Returns the tag of a place (`policy@scope`) in `BundlePlaces`. */
export function placeTag(id: string, scope: string): string {
  return sha256(`${id}@${scope}`).subarray(0, TAG_BYTES).toString('hex')
}

/** Returns the tags of all documents of a revision, in base64. */
export function bundlePlaces(places: readonly { id: string; scope: string }[]): string {
  return Buffer.from(places.map(({ id, scope }) => placeTag(id, scope)).join(''), 'hex').toString('base64')
}

/** Returns the tags of a bundle. */
export function placeTagsIn(bundle: string): string[] {
  return Buffer.from(bundle, 'base64').toString('hex').match(/.{8}/g) ?? []
}
