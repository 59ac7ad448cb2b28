import { createHash } from 'node:crypto'
import { canonicalJson } from '#libs/contracts'

const LEAF_PREFIX = Uint8Array.of(0)

/** SHA-256, 32 bytes; a string is hashed as UTF-8. */
export function sha256(data: Uint8Array | string): Buffer {
  return createHash('sha256').update(data).digest()
}

/** `sha256:` and 64 lower-case hex digits; a string is hashed as UTF-8. */
export function digestOf(data: Uint8Array | string): string {
  return `sha256:${sha256(data).toString('hex')}`
}

/** Digest over the canonical form of a JSON value. For a policy this is its policy digest (contract §2). */
export function digestOfJson(value: unknown): string {
  return digestOf(canonicalJson(value))
}

export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
}

/** The hex part of a digest, as in-toto subjects carry it. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length)
}

/** Leaf hash of RFC 6962 §2.1: SHA-256(0x00 ‖ entry). The prefix keeps a leaf from posing as an inner node. */
export function leafHash(entry: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF_PREFIX).update(entry).digest()
}
