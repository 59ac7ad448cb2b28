import { etc, Point } from '@noble/ed25519'
import { sha256 as digest, sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, isSameBytes, toHex, utf8 } from '#libs/contracts'
import { isSmallOrder } from './ed25519.js'
import type * as node from './node.js'

/** Raw key and its point, which is `undefined` if the bytes are not a point of the curve. */
interface PageKey {
  raw: Uint8Array
  point: Point | undefined
}

export const sha256: typeof node.sha256 = (data) => digest(typeof data === 'string' ? utf8(data) : data)

export const importKey: typeof node.importKey = (raw) => asPublic({ raw: Uint8Array.from(raw), point: pointOf(raw) })

export const rawKeyOf: typeof node.rawKeyOf = (key) => asPage(key).raw

/** Pages hold no private key: people sign with their own program. */
export const signBytes: typeof node.signBytes = () => {
  throw new TypeError('a page does not sign')
}

/** Verifies as Node does: computes R from the key and S. The `verify` of noble multiplies by the cofactor, so it accepts more. */
export const isSignature: typeof node.isSignature = (bytes, key, sig) => {
  const { raw, point } = asPage(key)
  if (point === undefined || sig.length !== 64) return false
  const [r, s, order] = [sig.subarray(0, 32), numberOf(sig.subarray(32)), Point.CURVE().n]
  if (s >= order || isSmallOrder(r)) return false
  const k = etc.mod(numberOf(sha512(concatBytes([r, raw, bytes]))), order)
  return isSameBytes(Point.BASE.multiply(s, false).subtract(point.multiply(k, false)).toBytes(), r)
}

function pointOf(raw: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(raw, false)
  } catch {
    return undefined
  }
}

function numberOf(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${toHex(littleEndian.toReversed())}`)
}

function asPublic(key: PageKey): node.PublicKey {
  return { asymmetricKeyType: 'ed25519', ...key } as unknown as node.PublicKey
}

function asPage(key: node.PublicKey): PageKey {
  return key as unknown as PageKey
}
