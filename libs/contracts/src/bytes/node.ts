// Conversions between bytes and text with Node's Buffer. Browser bundles use page.ts instead; one test suite covers both.

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

/** Decodes standard or URL-safe base64. Does not report invalid text: callers that need canonical base64 re-encode and compare. */
export function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

export function toHex(bytes: Uint8Array): string {
  return viewOf(bytes).toString('hex')
}

export function fromHex(text: string): Uint8Array {
  return Buffer.from(text, 'hex')
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

export function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return viewOf(one).equals(other)
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
