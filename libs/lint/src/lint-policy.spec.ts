import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '#libs/contracts'
import { parsePolicy, policyDigest, sourceOf, type PolicyDocument } from '#libs/policy'
import { lintPolicy, type LintContext } from './index.js'

type Change = Record<string, Json | undefined>

function policy(version: string, limit: number, change: Change = {}): PolicyDocument {
  return { id: 'epa-pm25-limit', version, effective: '2024-09-01T00:00:00Z', limit, units: 'ug_per_m3', tags: ['air'], ...change }
}

function rules(next: PolicyDocument, context: Partial<LintContext> = {}): string[] {
  return lintPolicy(sourceOf(next, 'p.yaml'), { file: 'p.yaml', profile: 'production', ...context }).map(
    ({ severity, rule, pointer }) => `${severity} ${rule} ${pointer}`,
  )
}

const used = (...policies: PolicyDocument[]) => policies.map((each) => ({ version: each.version, digest: policyDigest(each) }))

describe('rules on versions', () => {
  it('accept the version history of PM 2.5', () => {
    const story = [policy('1.5.0', 35), policy('2.0.0', 25), policy('2.0.1', 25), policy('2.1.0', 24)]
    for (const [index, next] of story.entries()) {
      expect(rules(next, { live: story[index - 1], used: used(...story.slice(0, index)) })).toEqual([])
    }
  })

  it('refuse a version used with other content, whatever version is live', () => {
    const before = used(policy('1.5.0', 35), policy('2.0.0', 25))
    expect(rules(policy('2.0.0', 26), { live: policy('1.5.0', 35), used: before })).toEqual(['error version-reused /version'])
    expect(rules(policy('2.0.0+b', 26), { used: before })).toEqual(['error version-reused /version'])
    expect(rules(policy('2.0.0', 25), { live: policy('1.5.0', 35), used: before })).toEqual([])
    expect(rules(policy('2.0.0', 26), { live: policy('2.0.0', 25) })).toEqual(['error version-reused /version'])
  })

  it('require a version above the live one', () => {
    expect(rules(policy('1.9.0', 20), { live: policy('2.0.0', 25) })).toEqual(['error version-not-higher /version'])
    expect(rules(policy('2.0.0', 25), { live: policy('2.0.0', 25) })).toEqual(['error already-live /version'])
  })

  it.each<[string, string, Change, string[]]>([
    ['a value with a patch', '2.0.1', { limit: 24 }, ['error needs-minor /limit']],
    ['a new key with a patch', '2.0.1', { ceiling: 1 }, ['error needs-minor /ceiling']],
    ['a removed key with a minor', '2.1.0', { limit: undefined }, ['error needs-major /limit']],
    ['a removed tag list with a minor', '2.1.0', { tags: undefined }, ['error needs-major /tags']],
    ['a type with a minor', '2.1.0', { limit: '25' }, ['error needs-major /limit']],
    ['a unit with a minor', '2.1.0', { units: 'mg_per_m3' }, ['error needs-major /units']],
    ['a unit with a major', '3.0.0', { units: 'mg_per_m3' }, []],
    ['a schema with a patch', '2.0.1', { schema: 'air' }, ['error needs-minor /schema']],
    ['words with a patch', '2.0.1', { title: 'T', tags: ['a', 'b'], partners: ['x'], breaking: 'b' }, []],
    ['another day with a patch', '2.0.1', { effective: '2025-01-01T00:00:00Z' }, []],
  ])('judge %s', (_name, version, change, expected) => {
    expect(rules(policy(version, 25, change), { live: policy('2.0.0', 25), checkSchema: false })).toEqual(expected)
  })

  it('let a patch remove the explanation of a major version', () => {
    expect(rules(policy('2.0.1', 25), { live: policy('2.0.0', 25, { breaking: 'new standard', partners: ['a'] }) })).toEqual([])
  })
})

describe('own schema', () => {
  const schema: JsonObject = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    properties: { limit: { $ref: '#/$defs/bound' }, units: { const: 'ug_per_m3' } },
    required: ['limit', 'units'],
    additionalProperties: false,
    $defs: { bound: { type: 'number', exclusiveMinimum: 0, 'x-hms-tighter': 'lower' } },
  }
  const air = { name: 'air', schema }
  const named = (version: string, limit: number, change: Change = {}) => policy(version, limit, { schema: 'air', ...change })

  it('must be registered, unless the registry is unavailable', () => {
    expect(rules(named('1.0.0', 1))).toEqual(['error schema-unknown /schema'])
    expect(rules(named('1.0.0', 1), { schema: { name: 'water', schema } })).toEqual(['error schema-unknown /schema'])
    expect(rules(named('1.0.0', 1), { checkSchema: false })).toEqual([])
  })

  it('validates rule data, and the known keys that it mentions', () => {
    expect(rules(named('1.0.0', 1, { title: 'T' }), { schema: air })).toEqual([])
    expect(rules(named('1.0.0', -1, { x: 1 }), { schema: air })).toEqual(['error schema-violation /limit', 'error schema-violation /x'])
    expect(rules(named('1.0.0', 1, { units: undefined }), { schema: air })).toEqual(['error schema-violation '])
  })

  it('defines the direction in which a bound gets tighter', () => {
    expect(rules(named('2.1.0', 24), { live: named('2.0.0', 25), schema: air })).toEqual(['error needs-major /limit'])
    expect(rules(named('2.1.0', 26), { live: named('2.0.0', 25), schema: air })).toEqual([])
    expect(rules(named('3.0.0', 24), { live: named('2.0.0', 25), schema: air })).toEqual([])
  })

  it('locates violations in the file', () => {
    const text = 'id: abc\nversion: 1.0.0\neffective: 2024-09-01T00:00:00Z\nschema: air\nunits: ug_per_m3\nlimit: -3\n'
    const parsed = parsePolicy(text, 'p.yaml')
    if (!parsed.ok) throw new Error('did not parse')
    const findings = lintPolicy(parsed.source, { file: 'p.yaml', profile: 'dev', schema: air })
    expect(findings).toMatchObject([{ line: 6, column: 8, rule: 'schema-violation' }])
  })

  it('is reported if it cannot be used', () => {
    expect(rules(named('1.0.0', 1), { schema: { name: 'air', schema: { type: 'nonsense' } } })).toEqual(['error schema-broken /schema'])
  })
})

describe('partners', () => {
  it('must be known in production, and should be in dev', () => {
    const next = policy('1.0.0', 25, { partners: ['va-deq', 'state-airboards', 'unknown'] })
    const knownPartners = { ids: ['va-deq'], groups: ['state-airboards'] }
    expect(rules(next, { knownPartners })).toEqual(['error partner-unknown /partners/2'])
    expect(rules(next, { knownPartners, profile: 'dev' })).toEqual(['warning partner-unknown /partners/2'])
    expect(rules(next)).toEqual([])
  })
})

it('lintPolicy is deterministic, and never throws for a policy that parsed', () => {
  const data = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue({ maxDepth: 2 }))
  fc.assert(
    fc.property(data, data, fc.constantFrom('1.0.0', '1.0.1', '1.1.0', '2.0.0'), (before, after, version) => {
      const clean = (value: JsonObject): Change => JSON.parse(JSON.stringify({ a: value })) as Change
      const live = parsePolicy(JSON.stringify(policy('1.0.0', 1, clean(before))), 'live.yaml')
      const parsed = parsePolicy(JSON.stringify(policy(version, 1, clean(after))), 'p.yaml')
      if (!live.ok || !parsed.ok) return
      const context: LintContext = { file: 'p.yaml', profile: 'dev', live: live.source.policy }
      expect(lintPolicy(parsed.source, context)).toEqual(lintPolicy(parsed.source, context))
    }),
  )
})

it.each([256, 257, 100_000])('limits keys to 256 characters, and does not repeat a longer key in the finding: %d characters', (length) => {
  const key = 'n'.repeat(length)
  for (const [pointer, data] of [
    ['', { [key]: 1 }],
    ['/deep', { deep: { [key]: { [key]: 1 } } }],
  ] as const) {
    const parsed = parsePolicy(JSON.stringify({ ...policy('2.0.0', 25), ...data }), 'p.yaml')
    const findings = parsed.ok ? [] : parsed.findings
    expect(findings.map((finding) => `${finding.rule} ${finding.pointer}`)).toEqual(length === 256 ? [] : [`key-length ${pointer}`])
    expect(JSON.stringify(findings).length).toBeLessThan(400)
  }
})

describe('characters that a terminal interprets or hides', () => {
  const policy = (rest: string): string => `id: epa-pm25-limit\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\n${rest}\n`
  const rulesOf = (text: string): string[] => {
    const parsed = parsePolicy(text, 'p.yaml')
    return parsed.ok ? [] : parsed.findings.map(({ line, rule, pointer }) => `${line} ${rule} ${pointer}`)
  }

  it.each([
    ['"zz\\e[1A\\r  limit 38": 1', '/zz\u001b[1A\r  limit 38'],
    ['deep: { list: [{ "a\\u202eb": 1 }] }', '/deep/list/0/a\u202eb'],
    ['"li\\u200bmit": 1', '/li\u200bmit'],
    ['"limit\\u3164": 1', '/limit\u3164'],
    ['title: "a\\u2066b"', '/title'],
    ['description: "a\\eb"', '/description'],
    ['owner: "EPA\\nChief"', '/owner'],
    ['units: "ug\\x9b1A"', '/units'],
    ['indoor: { limit: 1, units: "ug\\r25" }', '/indoor/units'],
    ['tags: [health, "a\\u2028"]', '/tags'],
    ['partners: ["va\\u202e"]', '/partners'],
    ['breaking: "a\\u200f"', '/breaking'],
  ])('are refused: %s', (line, pointer) => {
    expect(rulesOf(policy(line))).toEqual([`4 unsafe-character ${pointer}`])
  })

  it('do not include line ends of a description, joiners of a language, or rule data', () => {
    expect(
      rulesOf(
        policy('description: |\n  two\n  lines\nbreaking: >\n  folded\ntitle: "श्री\\u200dमान\\u200c"\nowner: "⚠️ EPA"\nnote: "a\\tb\\e"'),
      ),
    ).toEqual([])
  })
})
