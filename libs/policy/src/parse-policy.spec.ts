import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '#libs/contracts'
import { type Finding, formatFinding, parsePolicy, POLICY_MAX_BYTES, sourceOf } from './index.js'

const HEAD = 'id: epa-pm25-limit\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\n'
const POLICY = { id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25 }

function findings(bytes: Uint8Array | string): Finding[] {
  const parsed = parsePolicy(bytes, 'p.yaml')
  return parsed.ok ? [] : parsed.findings
}

function places(text: string): string[] {
  return findings(text).map(({ line, column, rule }) => `${line}:${column} ${rule}`)
}

describe('parsePolicy', () => {
  it('reads the artifact of the contract', () => {
    const parsed = parsePolicy(
      'id        : epa-pm25-limit   # note\nversion   : 2.0.0\neffective : 2024-09-01T00:00:00Z\n' +
        'limit     : 25\nunits     : ug_per_m3\ntags      : [health, air, epa]\n',
      'pm25.yaml',
    )
    expect(parsed).toMatchObject({ ok: true, source: { policy: { ...POLICY, units: 'ug_per_m3', tags: ['health', 'air', 'epa'] } } })
    expect(parsed.ok && parsed.source.locate('/limit')).toEqual({ line: 4, column: 13 })
    expect(parsed.ok && parsed.source.locate('/tags/1')).toEqual({ line: 6, column: 22 })
    expect(parsed.ok && parsed.source.locate('/gone/deep')).toEqual({ line: 1, column: 1 })
  })

  it('accepts a byte order mark, CRLF, and JSON with tabs', () => {
    expect(findings(`\uFEFF${HEAD}`)).toEqual([])
    expect(findings(new TextEncoder().encode(`\uFEFF${HEAD.replaceAll('\n', '\r\n')}`))).toEqual([])
    expect(findings(JSON.stringify(POLICY, null, '\t'))).toEqual([])
    expect(findings(`${HEAD}a: "\\ud83d\\ude00"\n`)).toEqual([])
  })

  it.each([
    ['anchor', 'a: &x 1\n', '4:4 anchor'],
    ['alias', 'a: *x\n', '4:4 alias'],
    ['custom tag', 'a: !secret 1\n', '4:4 tag'],
    ['duplicate key', 'a: 1\nb: 2\na: 3\n', '6:1 duplicate-key'],
    ['duplicate nested key', 'a: { b: 1, b: 2 }\n', '4:12 duplicate-key'],
    ['number as key', '1: a\n', '4:1 key-not-string'],
    ['list as key', '? [a]\n: b\n', '4:3 key-not-string'],
    ['prototype', '__proto__: 1\n', '4:1 reserved-key'],
    ['infinity', 'a: .inf\n', '4:4 number-not-finite'],
    ['not a number', 'a: [1, .nan]\n', '4:8 number-not-finite'],
    ['overflow', 'a: 1e400\n', '4:4 number-not-finite'],
    ['large integer', 'a: 9007199254740993\n', '4:4 number-too-large'],
    ['lone surrogate', 'a: "\\ud800"\n', '4:4 lone-surrogate'],
    ['second document', '---\na: 1\n', '4:1 multiple-documents'],
  ])('refuses %s with line and column', (_name, tail, place) => {
    expect(places(HEAD + tail)).toEqual([place])
  })

  it('refuses other YAML versions, empty documents, lists, and bytes that are not UTF-8', () => {
    expect(places(`%YAML 1.1\n---\n${HEAD}`)).toEqual(['1:1 yaml-directive'])
    expect(places(`%YAML 1.2\n---\n${HEAD}`)).toEqual([])
    expect(places('')).toEqual(['1:1 empty-document'])
    expect(places('# only\n')).toEqual(['1:1 empty-document'])
    expect(places('- a\n')).toEqual(['1:1 root-not-map'])
    expect(findings(Uint8Array.of(0xff, 0xfe, 0x41))).toMatchObject([{ rule: 'not-utf8', line: 1, column: 1 }])
  })

  it('reports the position of a syntax error', () => {
    const [first] = findings('id: broken\nversion: [\n')
    expect(first).toMatchObject({ rule: 'yaml-syntax', severity: 'error' })
    expect(first && formatFinding(first)).toMatch(/^p\.yaml:\d+:\d+ yaml-syntax /)
  })

  it('reports every invalid key of the base schema at once', () => {
    const text = 'id: No_Good\nversion: 2.0\neffective: 2024-02-30T00:00:00Z\ntags: air\nowner: 5\n'
    expect(places(text)).toEqual(['1:5 id-format', '2:10 version-format', '3:12 effective-format', '4:7 key-type', '5:8 key-type'])
    expect(places('limit: 1\n')).toEqual(['1:1 required-key', '1:1 required-key', '1:1 required-key'])
  })

  it.each([
    ['9999-12-31T23:59:59Z', true],
    ['9999-12-31T23:59:59.999+00:00', true],
    ['9999-12-31T23:30:00-00:30', false],
    ['9999-12-31T23:30:00-00:29', true],
    ['9999-12-31T23:59:59-01:00', false],
    ['0000-01-01T00:00:00Z', true],
    ['0000-01-01T00:59:59+01:00', false],
    ['0000-01-01T01:00:00+01:00', true],
  ])('requires an effective time whose year in UTC has four digits: %s', (effective, isFine) => {
    const text = `id: epa-pm25-limit\nversion: 2.0.0\neffective: ${effective}\n`
    expect(places(text)).toEqual(isFine ? [] : ['3:12 effective-format'])
    expect(new Date(effective).toISOString().length === 24).toBe(isFine)
  })

  it.each([
    ['brackets', '['.repeat(250_000)],
    ['balanced brackets', '['.repeat(120_000) + ']'.repeat(120_000)],
    ['dashes', '- '.repeat(125_000)],
    ['question marks', '- ? '.repeat(60_000)],
    ['empty items', `[${','.repeat(250_000)}`],
    ['many keys', Array.from({ length: 25_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['aliases', `a: &a [x]\n${'b: [*a, *a]\n'.repeat(15_000)}`],
    ['anchors', '&a '.repeat(80_000)],
    ['documents', '---\n'.repeat(60_000)],
  ])('refuses a document bomb of %s without hanging', { timeout: 60_000 }, (_name, text) => {
    // An input that is not refused early runs for minutes or ends the process; the exact duration depends on the machine.
    expect(findings(text).length).toBeGreaterThan(0)
  })

  it('limits the size in bytes, not characters', () => {
    expect(places(`${HEAD}a: ${'x'.repeat(POLICY_MAX_BYTES)}`)).toEqual(['1:1 too-large'])
    expect(places(`${HEAD}a: ${'µ'.repeat(POLICY_MAX_BYTES / 2)}`)).toEqual(['1:1 too-large'])
    expect(places(`${HEAD}a: ${'x'.repeat(POLICY_MAX_BYTES - 200)}`)).toEqual([])
  })

  it('allows 64 levels', () => {
    const nested = (levels: number): string => `${HEAD}a: ${'['.repeat(levels)}${']'.repeat(levels)}\n`
    expect(places(nested(63))).toEqual([])
    expect(places(nested(64)).map((place) => place.split(' ')[1])).toEqual(['too-deep'])
  })
})

describe('laws', () => {
  it('never throws for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parsePolicy(bytes, 'f')
      }),
      { numRuns: 2_000 },
    )
    const signs = [
      'a',
      '1',
      ': ',
      '\n',
      '- ',
      '? ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '&a ',
      '*a',
      '!',
      '|',
      '>',
      '#',
      '%',
      '  ',
      '\t',
      '---\n',
    ]
    const yamlish = fc.array(fc.constantFrom(...signs))
    fc.assert(
      fc.property(yamlish, (parts) => {
        for (const finding of findings(parts.join(''))) {
          expect(finding.line).toBeGreaterThan(0)
          expect(finding.column).toBeGreaterThan(0)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('gives equal digests for equal content, regardless of comments, layout and order', () => {
    const data = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.jsonValue({ maxDepth: 3 }))
    fc.assert(
      fc.property(data, (extra) => {
        const policy = JSON.parse(JSON.stringify({ rule: extra, ...POLICY })) as typeof POLICY
        const turned = Object.fromEntries(Object.entries(policy).toReversed())
        const one = parsePolicy(`# why\n${JSON.stringify(policy, null, 2)} # end\n`, 'a.yaml')
        const two = parsePolicy(JSON.stringify(turned), 'b.json')
        if (!one.ok || !two.ok) {
          expect(() => canonicalJson(policy)).toThrow()
          return
        }
        expect(one.source.digest).toBe(two.source.digest)
        expect(one.source.digest).toBe(sourceOf(policy, 'c').digest)
        expect(canonicalJson(one.source.policy)).toBe(canonicalJson(policy))
      }),
    )
  })

  it('escapes control characters in findings', () => {
    const finding: Finding = { file: 'a\u001b[31m', line: 1, column: 2, rule: 'tag', severity: 'error', message: 'x', hint: 'y' }
    expect(formatFinding(finding)).toBe('a\\u{1b}[31m:1:2 tag x — y')
  })
})
