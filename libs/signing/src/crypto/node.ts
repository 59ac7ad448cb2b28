// SHA-256 and Ed25519 with Node's crypto. Browser bundles use page.ts instead; one test suite covers both.
import { createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto'
import { concatBytes } from '#libs/contracts'
import { isSmallOrder, SPKI_PREFIX } from './ed25519.js'

/** Public Ed25519 key. Only the functions of this file access its members, which page.ts defines differently. */
export type PublicKey = KeyObject

/** Computes SHA-256, 32 bytes; a string is hashed as UTF-8. */
export function sha256(data: Uint8Array | string): Uint8Array {
  return hash('sha256', data, 'buffer')
}

/** Imports 32 raw bytes that `spkiToKey` accepts. No signature verifies with bytes that are not a point of the curve. */
export function importKey(raw: Uint8Array): PublicKey {
  return createPublicKey({ key: Buffer.from(concatBytes([SPKI_PREFIX, raw])), format: 'der', type: 'spki' })
}

/** Raw bytes by key, because an export takes 50 µs and each signature that is looked up needs one. */
const rawKeys = new WeakMap<KeyObject, Uint8Array>()

/** Returns the 32 raw bytes of a public key, or of a private key's public half. They are shared: callers must not change them. */
export function rawKeyOf(key: PublicKey): Uint8Array {
  const known = rawKeys.get(key)
  if (known !== undefined) return known
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length)
  rawKeys.set(key, raw)
  return raw
}

/** Valid signatures that this process has made or verified, up to 1,024. Stages verify the same releases and attestations of a run. */
const valid = new Set<string>()

/** Signs with a private key, 64 bytes. The signature counts as verified: services of one process read what others of it signed. */
export function signBytes(bytes: Uint8Array, key: KeyObject): Uint8Array {
  const sig = sign(null, bytes, key)
  keep(idOf(bytes, key, sig))
  return sig
}

/** Verifies 64 bytes by RFC 8032 §5.1.7 without cofactor: S is below the order, R is compared as bytes and not of small order. */
export function isSignature(bytes: Uint8Array, key: PublicKey, sig: Uint8Array): boolean {
  const id = idOf(bytes, key, sig)
  if (valid.has(id)) return true
  // guard: signature-small-order
  if (!verify(null, bytes, key, sig) || isSmallOrder(sig.subarray(0, 32))) return false
  keep(id)
  return true
}

function idOf(bytes: Uint8Array, key: KeyObject, sig: Uint8Array): string {
  // guard: verified-once-bytes
  return `${hash('sha256', concatBytes([rawKeyOf(key), bytes]), 'base64')} ${Buffer.from(sig).toString('base64')}`
}

function keep(id: string): void {
  if (valid.size >= 1_024) valid.clear()
  valid.add(id)
}
