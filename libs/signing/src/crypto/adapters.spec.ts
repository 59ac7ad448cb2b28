import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { etc, Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '#libs/contracts'
import { publicKeyFromRaw } from '../keys.js'
import * as node from './node.js'
import * as page from './page.js'

const { n: ORDER, p: PRIME } = Point.CURVE()
/** A point of order 8; its multiples are the torsion points of the curve. */
const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
const MULTIPLES = Array.from({ length: 8 }, (_, n) => Array.from({ length: n }).reduce<Point>((sum) => sum.add(TORSION), Point.ZERO))
const SECRET = 1234567890123456789n
const KEY = Point.BASE.multiply(SECRET)
const TEXT = utf8('what was signed')

const littleEndian = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0')).toReversed()
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.toReversed())}`)

/** Signs with any R and any key bytes: `S = r + H(R ‖ A ‖ M) · a`. */
function signed(key: Uint8Array, r: bigint, encodedR: Uint8Array, text = TEXT): { sig: Uint8Array; k: bigint } {
  const k = etc.mod(numberOf(sha512(Buffer.concat([encodedR, key, text]))), ORDER)
  return { sig: Buffer.concat([encodedR, littleEndian(etc.mod(r + k * SECRET, ORDER))]), k }
}

/** Whether both adapters accept a signature. Fails the test if they differ. */
function accepted(raw: Uint8Array, sig: Uint8Array, text = TEXT): boolean {
  const [byNode, byPage] = [node, page].map(({ importKey, isSignature }) => isSignature(text, importKey(raw), sig))
  expect(byPage).toBe(byNode)
  return byNode!
}

describe('signatures in browsers and Node', () => {
  it('are valid for the signed text, and invalid with any changed bit', () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(seeds, fc.uint8Array({ maxLength: 200 }), fc.nat(511), (seed, text, bit) => {
        const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
        const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
        const raw = node.rawKeyOf(createPublicKey(privateKey))
        const sig = Uint8Array.from(node.signBytes(text, privateKey))
        expect(sig).toEqual(Uint8Array.from(sign(null, text, privateKey)))
        expect(accepted(raw, sig, text)).toBe(true)
        sig[bit >> 3]! ^= 1 << (bit & 7)
        expect(accepted(raw, sig, text)).toBe(false)
      }),
      { numRuns: 25 },
    )
  })

  it('are remembered for their text and key alone', () => {
    const raw = KEY.toBytes()
    const { sig } = signed(raw, 7n, Point.BASE.multiply(7n).toBytes())
    expect([accepted(raw, sig), accepted(raw, sig)]).toEqual([true, true])
    expect(accepted(raw, sig, utf8('what was not'))).toBe(false)
    expect(accepted(Point.BASE.toBytes(), sig)).toBe(false)
  })

  it('are not malleable: S is below the order', () => {
    const raw = KEY.toBytes()
    const { sig } = signed(raw, 7n, Point.BASE.multiply(7n).toBytes())
    expect(accepted(raw, sig)).toBe(true)
    for (let s = numberOf(sig.subarray(32)) + ORDER; s < 2n ** 256n; s += ORDER)
      expect(accepted(raw, Buffer.concat([sig.subarray(0, 32), littleEndian(s)]))).toBe(false)
  })

  it('have 64 bytes', () => {
    const raw = KEY.toBytes()
    const { sig } = signed(raw, 7n, Point.BASE.multiply(7n).toBytes())
    const others = [sig.subarray(1), Buffer.concat([sig, sig]), ...[0, 1, 32, 33].map((length) => sig.subarray(0, length))]
    expect(others.map((other) => accepted(raw, other))).toEqual(others.map(() => false))
  })

  it('have no R of small order, in any encoding, as newer lines of Node have it', () => {
    for (const a of [0, 1, 4]) {
      const raw = KEY.add(MULTIPLES[a]!).toBytes()
      for (const [b, point] of MULTIPLES.entries()) {
        const text = Array.from({ length: 64 }, (_, n) => utf8(`${a} ${b} ${n}`))
        for (const each of text) expect(accepted(raw, signed(raw, 0n, point.toBytes(), each).sig, each)).toBe(false)
      }
    }
    // The canonical encoding of the neutral point has y = 1 and sign bit 0. The others have y = 1 + p, or the sign bit set.
    const raw = KEY.toBytes()
    for (const y of [1n, 1n + PRIME, 1n + 2n ** 255n]) expect(accepted(raw, signed(raw, 0n, littleEndian(y)).sig)).toBe(false)
  })

  it('are verified without cofactor if R or the key has torsion', () => {
    let [hits, misses] = [0, 0]
    for (const a of [0, 1, 4]) {
      const raw = KEY.add(MULTIPLES[a]!).toBytes()
      for (const [b, other] of MULTIPLES.entries()) {
        const text = utf8(`${a} ${b}`)
        const { sig, k } = signed(raw, 7n, Point.BASE.multiply(7n).add(other).toBytes(), text)
        const isRight = (BigInt(b) + k * BigInt(a)) % 8n === 0n
        expect(accepted(raw, sig, text)).toBe(isRight)
        if (isRight) hits++
        else misses++
      }
    }
    expect([hits > 0, misses > 0]).toEqual([true, true])
  })

  it('are invalid for a key that is not a point of the curve', () => {
    const { sig } = signed(KEY.toBytes(), 7n, Point.BASE.multiply(7n).toBytes())
    const raws = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(raws, (raw) => {
        expect(accepted(raw, sig)).toBe(false)
      }),
      { numRuns: 25 },
    )
  })
})

describe('rejected keys', () => {
  const flipped = (raw: Uint8Array): Uint8Array => raw.with(31, raw[31]! ^ 0x80)

  it('include points of small order', () => {
    for (const raw of MULTIPLES.map((point) => point.toBytes()))
      for (const each of [raw, flipped(raw)]) expect(() => publicKeyFromRaw(each)).toThrow('HMS_SIGNATURE_KEY_UNSUPPORTED')
  })

  it('include non-canonical encodings of a point, whose y is not below the prime', () => {
    for (let y = PRIME; y < 2n ** 255n; y++)
      for (const each of [littleEndian(y), flipped(littleEndian(y))])
        expect(() => publicKeyFromRaw(each)).toThrow('HMS_SIGNATURE_KEY_UNSUPPORTED')
    expect(publicKeyFromRaw(littleEndian(PRIME - 2n))).toBeDefined()
    expect(publicKeyFromRaw(KEY.toBytes())).toBeDefined()
  })
})

describe('digests in browsers and Node', () => {
  it('are SHA-256', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary' })), (data) => {
        const digest = createHash('sha256').update(data).digest('hex')
        expect([node, page].map(({ sha256 }) => toHex(sha256(data)))).toEqual([digest, digest])
      }),
    )
  })

  it('identify keys by their raw bytes', () => {
    const raw = KEY.toBytes()
    expect([node, page].map(({ importKey, rawKeyOf }) => toHex(rawKeyOf(importKey(raw))))).toEqual([toHex(raw), toHex(raw)])
  })
})
