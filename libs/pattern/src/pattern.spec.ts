import { RE2JS } from '@bufbuild/re2'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern, PatternRefused, type Steps } from './index.js'
import { programSize } from './compile-pattern.js'

const PARTS = [
  'a',
  'b',
  '\\w',
  '\\d',
  '\\pL',
  '[ab]',
  '[^a]',
  '[]a]',
  '[[:alpha:]-]',
  '.',
  '^',
  '$',
  '\\b',
  '\\B',
  '\\x{61}',
  '(?:a|b)',
  'é',
  '😀',
  '\\{',
  '\\n',
]
const OPERATORS = ['', '', '*', '+', '?', '*?', '{2}', '{0,3}', '{2,}', '{3,4}?']
const part = fc.tuple(fc.constantFrom(...PARTS), fc.constantFrom(...OPERATORS)).map((pair) => pair.join(''))
const sequence = fc.array(part, { maxLength: 5 }).map((all) => all.join(''))
const group = fc
  .tuple(
    fc.constantFrom('(', '(?:', '(?i:', '(?s:', '(?m:'),
    fc.array(sequence, { minLength: 1, maxLength: 3 }),
    fc.constantFrom(...OPERATORS),
  )
  .map(([open, all, operator]) => `${open}${all.join('|')})${operator}`)
const pattern = fc.array(fc.oneof(part, group), { maxLength: 4 }).map((all) => all.join(''))
const text = fc
  .array(fc.constantFrom('a', 'b', 'A', '1', '_', ' ', '\n', 'é', '😀', '\ud83d', '{', ']', '-'), { maxLength: 24 })
  .map((all) => all.join(''))
const plenty = (): Steps => ({ left: 1_000_000 })

describe('a pattern', () => {
  it('matches what RE2 matches', () => {
    fc.assert(
      fc.property(pattern, text, (given, tried) => {
        expect(compilePattern(given).test(tried, plenty())).toBe(RE2JS.compile(given).test(tried))
      }),
      { numRuns: 5_000 },
    )
  })

  it('has an upper bound of its size, computed from its text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          pattern,
          fc.array(fc.constantFrom(...'ab()[]{}|\\^$*+?.,:=-0123456789pLQE<>PiA'), { maxLength: 24 }).map((all) => all.join('')),
        ),
        (given) => {
          let size: number
          try {
            size = RE2JS.compile(given).re2().prog.numInst()
          } catch {
            return
          }
          expect({ given, size, fits: programSize(given) >= size }).toEqual({ given, size, fits: true })
        },
      ),
      { numRuns: 20_000 },
    )
  })

  it.each([
    '(b?){900}(b?){900}(b?){900}$',
    '(a?){1000}(a?){1000}',
    '((((a{10}){10}){10}))',
    '(?:[[:alpha:]]{1,1000}){2}',
    '(abcdefghij){1000}',
    'x{1000}{1000}',
  ])('is refused before compilation if it is too large: %s', (given) => expect(() => compilePattern(given)).toThrow(PatternRefused))

  it.each(['^[a-z]{1,1000}$', '^[A-Z]{2}-\\d{4}$', '^https?://[^\\s/]+(/[^\\s]*)?$', '[{]900}', '\\{900}', 'a{,900}'])(
    'may be %s',
    (given) => {
      expect(() => compilePattern(given)).not.toThrow()
    },
  )

  it.each(['^(?=a)', '(a)\\1', '(', 'a**b{', '[z-a]'])('is refused if RE2 does not support it: %s', (given) => {
    let known = true
    try {
      RE2JS.compile(given)
    } catch {
      known = false
    }
    if (known) compilePattern(given)
    else expect(() => compilePattern(given)).toThrow(PatternRefused)
  })

  it('takes at most as many steps as program times text, and never more than allowed', () => {
    for (const given of ['(a?){400}$', '(a|a)*b', '(?:a*)*b', '(.*)(.*)(.*)(.*)b$', '(\\pL+\\b?)*$']) {
      const size = RE2JS.compile(given).re2().prog.numInst()
      const steps = { left: size * 2_001 }
      expect(compilePattern(given).test(`${'a'.repeat(1_999)}!`, steps), given).toBe(given.includes('?){') || given.endsWith('*$'))
      expect(steps.left, given).toBeGreaterThanOrEqual(0)
      expect(() => compilePattern(given).test(`${'a'.repeat(1_999)}!`, { left: 100 })).toThrow(RangeError)
    }
  })

  it('still matches correctly after a text that took too many steps', () => {
    const tried = compilePattern('^(a?){100}b$')
    expect(() => tried.test('a'.repeat(50), { left: 10 })).toThrow(RangeError)
    expect([tried.test('aab', plenty()), tried.test('aa', plenty())]).toEqual([true, false])
  })
})
