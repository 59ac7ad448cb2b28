import { randomBytes } from 'node:crypto'

/** Returns a UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, then random bits. Ids sort by time across processes, to the millisecond. */
export function uuidv7(now: Date = new Date()): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(now.getTime(), 0, 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
