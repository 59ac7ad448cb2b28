type Encoding = 'utf8' | 'base64' | 'base64url' | 'hex'

const ENCODER = new TextEncoder()
/** As in Node: invalid UTF-8 becomes U+FFFD, and a byte order mark is kept. */
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true })
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const SEXTETS = new Map(
  [...BASE64]
    .map((character, value) => [character, value])
    .concat([
      ['-', 62],
      ['_', 63],
    ]) as [string, number][],
)

/**
 * Subset of Node's `Buffer` used by the verification code. It is as lenient as Node's: the callers compare decoded data with its
 * re-encoding.
 */
class PageBuffer extends Uint8Array<ArrayBuffer> {
  static override from(value: unknown, encoding?: unknown): PageBuffer {
    if (typeof value !== 'string') return copyOf(value as ArrayLike<number>)
    switch (encoding) {
      case 'base64':
      case 'base64url':
        return decodeBase64(value)
      case 'hex':
        return copyOf((value.match(/[0-9a-f]{2}/gi) ?? []).map((pair) => Number.parseInt(pair, 16)))
      default:
        return copyOf(ENCODER.encode(value))
    }
  }

  static alloc(length: number): PageBuffer {
    return new PageBuffer(new ArrayBuffer(length))
  }

  static byteLength(text: string): number {
    return ENCODER.encode(text).length
  }

  static concat(parts: readonly Uint8Array[]): PageBuffer {
    const whole = PageBuffer.alloc(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((byte, index) => byte === other[index])
  }

  override toString(encoding: Encoding = 'utf8'): string {
    switch (encoding) {
      case 'hex':
        return Array.from(this, (byte) => byte.toString(16).padStart(2, '0')).join('')
      case 'base64':
        return encodeBase64(this)
      case 'base64url':
        return encodeBase64(this).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
      default:
        return DECODER.decode(this)
    }
  }

  readBigUInt64BE(): bigint {
    return new DataView(this.buffer, this.byteOffset).getBigUint64(0)
  }

  writeUInt32BE(value: number): void {
    new DataView(this.buffer, this.byteOffset).setUint32(0, value)
  }
}

function copyOf(bytes: ArrayLike<number>): PageBuffer {
  const copy = PageBuffer.alloc(bytes.length)
  copy.set(bytes)
  return copy
}

/** Skips invalid base64 characters and ends at the padding, as Node does. */
function decodeBase64(text: string): PageBuffer {
  const bytes = PageBuffer.alloc(Math.ceil((text.length * 3) / 4))
  let [bits, held, length] = [0, 0, 0]
  for (const character of text) {
    if (character === '=') break
    const sextet = SEXTETS.get(character)
    if (sextet === undefined) continue
    bits = ((bits << 6) | sextet) & 0xfff
    held += 6
    if (held < 8) continue
    held -= 8
    bytes[length++] = bits >> held
  }
  return bytes.subarray(0, length) as PageBuffer
}

function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const triple = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    text += BASE64[triple >> 18]! + BASE64[(triple >> 12) & 63]!
    text += at + 1 < bytes.length ? BASE64[(triple >> 6) & 63]! : '='
    text += at + 2 < bytes.length ? BASE64[triple & 63]! : '='
  }
  return text
}

export { PageBuffer as Buffer }
