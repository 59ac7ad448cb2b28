import { fromHex, toHex } from '#libs/contracts'

/** First 12 bytes of the SubjectPublicKeyInfo of every Ed25519 key (RFC 8410); the 32 raw bytes of the key follow. */
export const SPKI_PREFIX = fromHex('302a300506032b6570032100')

/** y of the eight points of small order, little-endian without the sign bit. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
])

/** Whether 32 bytes encode a point of small order. As a key, it lets anyone forge some signatures; as R, newer Node refuses it. */
export function isSmallOrder(point: Uint8Array): boolean {
  return SMALL_ORDER.has(toHex(point.with(31, point[31]! & 0x7f)))
}
