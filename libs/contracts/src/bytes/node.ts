// Bytes and texts, by Node's Buffer. In the bundles for browsers page.ts is in its place; one suite runs over both.

export function utf8(text: string): Uint8Array {
  return Buffer.from(text)
}

/** Decodes UTF-8: invalid sequences become U+FFFD, and a byte order mark is kept. */
export function textOf(bytes: Uint8Array): string {
  return viewOf(bytes).toString()
}

/** Encodes in standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return viewOf(bytes).toString('base64')
}

/** Decodes base64, standard or URL-safe. Invalid text yields other bytes, or none: callers that need one form re-encode and compare. */
export function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

export function toHex(bytes: Uint8Array): string {
  return viewOf(bytes).toString('hex')
}

export function fromHex(text: string): Uint8Array {
  return Buffer.from(text, 'hex')
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

export function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return viewOf(one).equals(other)
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
