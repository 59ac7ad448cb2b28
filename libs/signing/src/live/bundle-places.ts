import { sha256 } from '../digest.js'

/** Of a hash: enough to tell the places of an installation apart, and two hundred of them fit into a kilobyte. */
const TAG_BYTES = 4

/** What stands for a place (`policy@scope`) in `BundlePlaces`. */
export function placeTag(id: string, scope: string): string {
  return sha256(`${id}@${scope}`).subarray(0, TAG_BYTES).toString('hex')
}

/** Places of all documents of a revision, by their tags, in base64. */
export function bundlePlaces(places: readonly { id: string; scope: string }[]): string {
  return Buffer.from(places.map(({ id, scope }) => placeTag(id, scope)).join(''), 'hex').toString('base64')
}

/** The tags in it. */
export function placeTagsIn(bundle: string): string[] {
  return Buffer.from(bundle, 'base64').toString('hex').match(/.{8}/g) ?? []
}
