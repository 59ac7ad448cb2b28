import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, textOf } from '#libs/contracts'
import { PREDICATE_TYPES, readStatement, statement, STATEMENT_V1 } from './index.js'

const subject = [{ name: 'a', digest: { sha256: 'a'.repeat(64) } }]
const bytes = statement(PREDICATE_TYPES.decision, subject, { limit: 100 })
const read = (payload: string | Uint8Array) => readStatement(Buffer.from(payload), PREDICATE_TYPES.decision)

describe('a statement', () => {
  it('is read back', () => {
    expect(read(bytes)).toEqual({ _type: STATEMENT_V1, subject, predicateType: PREDICATE_TYPES.decision, predicate: { limit: 100 } })
  })

  it.each([
    ['a duplicate key', (text: string) => text.replace('"limit":100', '"limit":1,"limit":100')],
    ['another way to write a number', (text: string) => text.replace('100', '1e2')],
    ['a blank', (text: string) => text.replace(':', ': ')],
    ['a byte order mark', (text: string) => `\ufeff${text}`],
    ['an integer no double can hold', (text: string) => text.replace('100', '9007199254740993')],
    ['a lone surrogate', (text: string) => text.replace('100', '"\\ud800"')],
    ['keys out of order', (text: string) => text.replace('{"_type"', '{"z":1,"_type"')],
    ['no JSON', () => 'limit: 100'],
    ['a nesting that overflows the stack', () => '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('with %s is not canonical', (_what, edit) => {
    expect(() => read(edit(textOf(bytes)))).toThrow('HMS_SIGNATURE_NOT_CANONICAL')
  })

  it('that is not UTF-8 is not canonical', () => {
    const broken = Buffer.from(statement(PREDICATE_TYPES.decision, subject, { a: '\u00e4' }))
    broken.writeUInt8(0xff, broken.indexOf(0xc3))
    expect(() => read(broken)).toThrow('HMS_SIGNATURE_NOT_CANONICAL')
  })

  it('of another type or schema is rejected', () => {
    const wrong = (edit: object) => () => read(canonicalJson({ ...(JSON.parse(textOf(bytes)) as object), ...edit }))
    expect(wrong({ _type: 'https://in-toto.io/Statement/v0.1' })).toThrow('HMS_STATEMENT_TYPE')
    expect(wrong({ predicateType: PREDICATE_TYPES.release })).toThrow('HMS_STATEMENT_TYPE')
    expect(wrong({ subject: [] })).toThrow('HMS_STATEMENT_INVALID')
    expect(wrong({ subject: [{ name: 'a', digest: { sha256: 'A'.repeat(64) } }] })).toThrow('HMS_STATEMENT_INVALID')
    expect(wrong({ predicate: [] })).toThrow('HMS_STATEMENT_INVALID')
    expect(() => read('[]')).toThrow('HMS_STATEMENT_INVALID')
  })

  it('is canonical JSON, whose canonical form is unchanged', () => {
    const finite = fc.jsonValue({ stringUnit: 'grapheme' }).filter((value) => {
      try {
        return canonicalJson(value) !== ''
      } catch {
        return false
      }
    })
    fc.assert(
      fc.property(finite, (value) => {
        const once = canonicalJson(value)
        expect(canonicalJson(JSON.parse(once))).toBe(once)
        const payload = statement(PREDICATE_TYPES.decision, subject, { value })
        expect(canonicalJson(readStatement(payload, PREDICATE_TYPES.decision).predicate)).toBe(canonicalJson({ value }))
      }),
    )
  })
})
