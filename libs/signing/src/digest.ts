import { hash } from 'node:crypto'
import { canonicalJson, type Envelope } from '#libs/contracts'

/** SHA-256, 32 bytes; a string is hashed as UTF-8. */
export function sha256(data: Uint8Array | string): Buffer {
  return hash('sha256', data, 'buffer')
}

/** `sha256:` and 64 lower-case hex digits; a string is hashed as UTF-8. */
export function digestOf(data: Uint8Array | string): string {
  return `sha256:${hash('sha256', data, 'hex')}`
}

/** Digest of what an envelope signs: the same whoever signed it. */
export function digestOfPayload({ payload }: Pick<Envelope, 'payload'>): string {
  return digestOf(Buffer.from(payload, 'base64'))
}

/** Digest over the canonical form of a JSON value. For a policy this is its policy digest. */
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
