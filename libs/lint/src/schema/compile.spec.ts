import { describe, expect, it } from 'vitest'
import type { JsonObject } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { compileRuleSchema } from '../index.js'

const POLICY: PolicyDocument = {
  id: 'abc',
  version: '1.0.0',
  effective: '2024-09-01T00:00:00Z',
  limit: 24.3,
  names: ['a', 'b'],
  code: 'x1',
}

function violations(schema: JsonObject, policy = POLICY): string[] {
  const compiled = compileRuleSchema(schema)
  if (!compiled.ok) throw new Error(compiled.message)
  return compiled.schema.validate(policy).map(({ pointer, message }) => `${pointer} ${message}`)
}

function doubling(links: number): JsonObject {
  const $defs: JsonObject = { [`d${links}`]: { type: 'object' } }
  for (let link = 0; link < links; link++) {
    const next = { $ref: `#/$defs/d${link + 1}` }
    $defs[`d${link}`] = { allOf: [next, { ...next }] }
  }
  return { $ref: '#/$defs/d0', $defs }
}

describe('a registered schema', () => {
  it('may be 2020-12 or draft-07', () => {
    const names = { type: 'array', prefixItems: [{ const: 'a' }, { const: 'c' }] }
    expect(violations({ properties: { names } })).toEqual(['/names/1 must be equal to constant'])
    const tuple = { type: 'array', items: [{ const: 'a' }, { const: 'c' }] }
    const older = { $schema: 'http://json-schema.org/draft-07/schema#', properties: { names: tuple } }
    expect(violations(older)).toEqual(['/names/1 must be equal to constant'])
  })

  it('checks decimals, formats, patterns and unique items as people expect', () => {
    expect(violations({ properties: { limit: { multipleOf: 0.1 }, code: { pattern: '^[a-z]\\d$' } } })).toEqual([])
    expect(violations({ properties: { code: { format: 'date' } } })).toEqual(['/code must match format "date"'])
    expect(
      violations(
        { properties: { list: { uniqueItems: true } } },
        {
          ...POLICY,
          list: [
            { a: 1, b: 2 },
            { b: 2, a: 1 },
          ],
        },
      ),
    ).toEqual(['/list must not contain the same item twice'])
  })

  it('applies each of its patterns separately', () => {
    const schema = { properties: { id: { pattern: '^abc$' }, code: { pattern: '^y' } }, patternProperties: { '^na': { type: 'number' } } }
    expect(violations(schema)).toEqual(['/code must match pattern "^y"', '/names must be number'])
  })

  it('cannot hang the linter', { timeout: 60_000 }, () => {
    expect(violations({ properties: { code: { pattern: '^(a+)+$' } } }, { ...POLICY, code: `${'a'.repeat(4_000)}!` })).toHaveLength(1)
    const list = Array.from({ length: 40_000 }, (_, index) => ({ index }))
    expect(violations({ properties: { list: { uniqueItems: true } } }, { ...POLICY, list })).toEqual([])
  })

  it.each<[string, JsonObject]>([
    ['remote references', { $ref: 'https://example.org/s.json' }],
    ['dangling references', { $ref: '#/$defs/x' }],
    ['circles', { properties: { a: { $ref: '#' } } }],
    ['circles of definitions', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }],
    ['doubling references', doubling(25)],
    ['asynchronous schemas', { $async: true, type: 'object' }],
    ['look-ahead', { properties: { a: { pattern: '^(?=a)' } } }],
    ['an unknown type', { type: 'nonsense' }],
    ['an unknown direction', { properties: { a: { 'x-hms-tighter': 'down' } } }],
    ['a large schema', { description: 'x'.repeat(70_000) }],
  ])('is refused for %s', (_name, schema) => {
    expect(compileRuleSchema(schema)).toMatchObject({ ok: false, code: 'HMS_SCHEMA_REFUSED' })
  })

  it('is compiled once, whichever object has its text, and kept while few others are', () => {
    const schema = { properties: { limit: { minimum: 24 } } }
    const first = compileRuleSchema(schema)
    expect(compileRuleSchema(structuredClone(schema))).toBe(first)
    for (let index = 0; index < 64; index++)
      compileRuleSchema({ $schema: 'http://json-schema.org/draft-07/schema#', description: String(index) })
    expect(compileRuleSchema(schema)).not.toBe(first)
  })

  it('gives the tightening direction of keys that match a pattern, within its step limit', () => {
    const limits = { patternProperties: { '^max': { 'x-hms-tighter': 'lower' } }, additionalProperties: { 'x-hms-tighter': 'higher' } }
    const slow = { patternProperties: { '[a-z]{1,999}!': {} } }
    const compiled = compileRuleSchema({ properties: { limits, slow } })
    if (!compiled.ok) throw new Error(compiled.message)
    const { tighteningDirection: tighter } = compiled.schema
    expect([tighter(['limits', 'maxPm25']), tighter(['limits', 'minPm25'])]).toEqual(['lower', 'higher'])
    for (let index = 0; index < 10; index++) expect(tighter(['slow', 'a'.repeat(4_000)])).toBeUndefined()
  })

  it('prefers the tightening direction of a named key, and ignores patterns that cannot be compiled', () => {
    const named = { minPm25: { 'x-hms-tighter': 'higher' } }
    const limits = { properties: named, patternProperties: { '.': { 'x-hms-tighter': 'lower' } } }
    const free = { patternProperties: { '^(?!x-)': { description: 'anything' } } }
    const compiled = compileRuleSchema({ $schema: 'http://json-schema.org/draft-07/schema#', properties: { limits, free } })
    if (!compiled.ok) throw new Error(compiled.message)
    const { tighteningDirection: tighter } = compiled.schema
    expect([tighter(['limits', 'minPm25']), tighter(['limits', 'maxPm25']), tighter(['free', 'a'])]).toEqual(['higher', 'lower', undefined])
  })

  it('gives the tightening direction through references, lists and combinations', () => {
    const compiled = compileRuleSchema({
      allOf: [{ properties: { low: { 'x-hms-tighter': 'higher' } } }],
      properties: { steps: { items: { properties: { at: { $ref: '#/$defs/bound' } } } } },
      additionalProperties: { 'x-hms-tighter': 'lower' },
      $defs: { bound: { 'x-hms-tighter': 'lower' } },
    })
    if (!compiled.ok) throw new Error(compiled.message)
    const { tighteningDirection: tighter } = compiled.schema
    expect([tighter(['low']), tighter(['steps', '3', 'at']), tighter(['steps', '3', 'by']), tighter(['other'])]).toEqual([
      'higher',
      'lower',
      undefined,
      'lower',
    ])
  })
})
