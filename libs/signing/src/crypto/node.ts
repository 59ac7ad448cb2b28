// SHA-256 and Ed25519, by Node. In the bundles for browsers page.ts is in its place; one suite of vectors runs over both.
import { createPublicKey, hash, verify, type KeyObject } from 'node:crypto'
import { concatBytes, fromHex } from '#libs/contracts'

/** RFC 8410: the SubjectPublicKeyInfo of every Ed25519 key consists of these 12 bytes and the 32 raw ones. */
const SPKI_PREFIX = fromHex('302a300506032b6570032100')

/** Public Ed25519 key. Its members are the adapter's own. */
export type PublicKey = KeyObject

/** Computes SHA-256, 32 bytes; a string is hashed as UTF-8. */
export function sha256(data: Uint8Array | string): Uint8Array {
  return hash('sha256', data, 'buffer')
}

/** Imports 32 raw bytes that `isStrongKey`. Bytes that are no point of the curve verify nothing. */
export function importKey(raw: Uint8Array): PublicKey {
  return createPublicKey({ key: Buffer.from(concatBytes(SPKI_PREFIX, raw)), format: 'der', type: 'spki' })
}

/** Returns the 32 raw bytes of a public key, or of a private key's public half. */
export function rawKeyOf(key: PublicKey): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length)
}

/** Verifies a signature of 64 bytes by RFC 8032 §5.1.7, without cofactor: R is compared as bytes, and S is below the order. */
export function isSignature(bytes: Uint8Array, key: PublicKey, sig: Uint8Array): boolean {
  return verify(null, bytes, key, sig)
}
