import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, printableJson } from './printable.js'

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

describe('printable', () => {
  it.each([
    ['\u001b[1A\r  limit 38', '\\u{1b}[1A\\u{d}  limit 38'],
    ['a\u202Eb\u2066c\u200Fd\u061Ce', 'a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}e'],
    ['zero\u200Bwidth\u2060\uFEFF\u00AD\u034F\u3164', 'zero\\u{200b}width\\u{2060}\\u{feff}\\u{ad}\\u{34f}\\u{3164}'],
    ['line\n\u2028\u2029\u0085', 'line\\u{a}\\u{2028}\\u{2029}\\u{85}'],
    ['tag\u{E0041}half\uD800', 'tag\\u{e0041}half\\u{d800}'],
    ['limit 35 → 25 µg/m³ ⚠️ दिल्ली', 'limit 35 → 25 µg/m³ ⚠️ दिल्ली'],
  ])('returns %j as %s', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  it('returns safe text that it does not change again, for any input', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = printable(text)
        expect(shown).not.toMatch(UNSEEN)
        expect(printable(shown)).toBe(shown)
      }),
    )
  })

  it('printableJson returns safe JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const text = printableJson(value, indent)
        expect(text.replaceAll('\n', '')).not.toMatch(UNSEEN)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
    expect(JSON.parse(printableJson({ 'k\u202E\u{E0041}': '\u009b1A\u2028' }))).toEqual({ 'k\u202E\u{E0041}': '\u009b1A\u2028' })
  })
})
