/** Encodes a string of RFC 4251 §5: its length, then its bytes. */
export function sshString(bytes: Uint8Array): Buffer {
  return Buffer.concat([sshUint32(bytes.length), bytes])
}

export function sshUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Reads RFC 4251 fields in sequence; throws `RangeError` at a premature end. */
export class SshReader {
  private at = 0

  constructor(private readonly bytes: Buffer) {}

  uint32(): number {
    const value = this.bytes.readUInt32BE(this.at)
    this.at += 4
    return value
  }

  string(): Buffer {
    const length = this.uint32()
    const end = this.at + length
    if (end > this.bytes.length) throw new RangeError('a field is longer than its frame')
    const value = this.bytes.subarray(this.at, end)
    this.at = end
    return value
  }
}
