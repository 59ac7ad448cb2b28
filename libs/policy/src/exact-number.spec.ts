import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inexactNumber, isExact } from './exact-number.js'
import { parsePolicy } from './index.js'

describe('exact numbers', () => {
  it.each([
    '0.1',
    '-0.5',
    '25',
    '+25',
    '1e3',
    '1.50',
    '0.10000000000000001',
    '100.00',
    '.5',
    '5.',
    '0',
    '-0.0',
    '0e9',
    '9007199254740991',
    '5e-324',
    '123456.789e-3',
    '-845115105470869.2',
  ])('include %s', (literal) => {
    expect(isExact(literal)).toBe(true)
  })

  it.each([
    '4503599627370497.5',
    '0.1234567890123456789',
    '9007199254740993',
    '9007199254740992',
    '1152921504606846976',
    '1e400',
    '1e-400',
    '1e309',
    '123456789012345678.5',
    `0.${'3'.repeat(200)}`,
    '0.30000000000000004442',
  ])('do not include %s', (literal) => {
    expect(isExact(literal)).toBe(false)
  })

  it('include every number that JavaScript prints, except unsafe integers', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(isExact(String(value))).toBe(!Number.isInteger(value) || Number.isSafeInteger(value))
      }),
    )
  })

  it('include every decimal of fifteen digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999_999_999 }), fc.integer({ min: -200, max: 0 }), (digits, power) => {
        expect(isExact(`${digits}e${power}`)).toBe(true)
      }),
    )
  })

  it('are checked in JSON outside of strings', () => {
    expect(inexactNumber('{"a":"4503599627370497.5","b\\"1e400":[1,2.5]}')).toBeUndefined()
    expect(inexactNumber('{"a":[{"b":4503599627370497.5}]}')).toBe('4503599627370497.5')
    expect(inexactNumber('{"a":-1e400}')).toBe('-1e400')
  })
})

describe('a policy', () => {
  const policy = (rest: string): string => `id: epa-pm25-limit\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\n${rest}`
  it.each(['limit: 4503599627370497.5', 'limits: { daily: [1, 0.1234567890123456789] }', 'limit: 1e-400', '"limit": +4503599627370497.5'])(
    'with %s is refused, with line and column',
    (line) => {
      const parsed = parsePolicy(policy(line), 'p.yaml')
      expect(parsed).toMatchObject({
        ok: false,
        findings: [{ line: 4, rule: 'number-loses-digits', hint: expect.stringContaining('quote it') }],
      })
    },
  )

  it('with such a number is refused in JSON too', () => {
    const text = '{"id":"epa-pm25-limit","version":"2.0.0","effective":"2024-09-01T00:00:00Z","limit":4503599627370497.5}'
    expect(parsePolicy(text, 'p.json')).toMatchObject({
      ok: false,
      findings: [{ rule: 'number-loses-digits', message: expect.stringContaining('4503599627370498') }],
    })
  })

  it('accepts numbers that a double represents, in any YAML notation', () => {
    const parsed = parsePolicy(policy('a: 0x1F\nb: 0o17\nc: 2.50\nd: 1_0\ne: 1e3\nf: .5'), 'p.yaml')
    expect(parsed).toMatchObject({ ok: true, source: { policy: { a: 31, b: 15, c: 2.5, d: '1_0', e: 1000, f: 0.5 } } })
  })
})
