import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as node from './node.js'
import * as page from './page.js'

const bytes = fc.uint8Array({ maxLength: 300 })
const text = fc.string({ unit: 'binary', maxLength: 100 })
const plain = (value: Uint8Array): number[] => [...value]

describe('byte conversions for browsers and for Node', () => {
  it('convert alike', () => {
    fc.assert(
      fc.property(bytes, text, (bytes, text) => {
        // The second is a view that does not begin at the start of its buffer.
        for (const each of [bytes, bytes.subarray(1)]) {
          expect(page.textOf(each)).toBe(node.textOf(each))
          expect(page.toBase64(each)).toBe(node.toBase64(each))
          expect(page.toHex(each)).toBe(node.toHex(each))
        }
        expect(plain(page.utf8(text))).toEqual(plain(node.utf8(text)))
        const base64 = node.toBase64(bytes)
        for (const form of [base64, base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')])
          expect(plain(page.fromBase64(form))).toEqual(plain(node.fromBase64(form)))
        expect(plain(page.fromHex(node.toHex(bytes)))).toEqual(plain(bytes))
      }),
    )
  })

  it('re-encode non-canonical base64 to another text, so that callers that compare reject it', () => {
    const sextets = fc.array(fc.constantFrom(...'AQgw+/-_= \n!\u{e4}'), { maxLength: 12 }).map((letters) => letters.join(''))
    fc.assert(
      fc.property(fc.oneof(sextets, text), (text) => {
        const forms = [node, page].map(({ fromBase64, toBase64 }) => toBase64(fromBase64(text)) === text)
        expect(forms[0]).toBe(forms[1])
      }),
    )
  })

  it('concatenate and compare alike', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), bytes, (parts, other) => {
        const whole = page.concatBytes(parts)
        expect(plain(whole)).toEqual(plain(node.concatBytes(parts)))
        for (const each of [whole, other, whole.subarray(1)]) expect(page.isSameBytes(whole, each)).toBe(node.isSameBytes(whole, each))
      }),
    )
  })
})
