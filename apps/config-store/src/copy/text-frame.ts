/** Text frame of a server (RFC 6455, §5.2): unfragmented and unmasked, so the bytes are the same for all receivers. */
export interface TextFrame {
  wire: Buffer
  /** The text: the last bytes of the frame. */
  payload: Buffer
}

const WHOLE_TEXT = 0x81
const BY_16_BITS = 126
const BY_64_BITS = 127

/**
 * Encodes a text frame once for all readers of a stream: `ws` makes a header for each of them and passes the socket two buffers. From the
 * first to the last of 10,000 readers a change takes 1.03 to 1.14 × as long as a bare loop of writes (`npm run bench -- push`).
 */
export function textFrame(text: string): TextFrame {
  const length = Buffer.byteLength(text)
  const start = length < BY_16_BITS ? 2 : length <= 0xffff ? 4 : 10
  const wire = Buffer.allocUnsafe(start + length)
  wire[0] = WHOLE_TEXT
  if (start === 2) wire[1] = length
  if (start === 4) {
    wire[1] = BY_16_BITS
    wire.writeUInt16BE(length, 2)
  }
  if (start === 10) {
    wire[1] = BY_64_BITS
    wire.writeBigUInt64BE(BigInt(length), 2)
  }
  wire.write(text, start)
  return { wire, payload: wire.subarray(start) }
}
