import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '#libs/contracts'
import { boundaryReadings, compileScenario, MAX_STEPS, parseScenario, type Policies, type Scenario, ScenarioError } from './index.js'

const HEAD = 'id: pm25-violation\npolicies: [epa-pm25-limit]\ncorpus: virginia-2023\n'
const DOUBLE = 'double(reading.pm25) > double(policy["epa-pm25-limit"].limit)'

function scenario(alert: string, boundary?: Scenario['boundary']): Scenario {
  return { id: 'pm25-violation', policies: ['epa-pm25-limit'], corpus: 'virginia-2023', alert, ...(boundary ? { boundary } : {}) }
}

function under(limit: number): Policies {
  return { 'epa-pm25-limit': { id: 'epa-pm25-limit', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit, tags: ['air'] } }
}

function verdict(alert: string, reading: JsonObject, policies = under(25)): boolean {
  const compiled = compileScenario(scenario(alert))
  if (!compiled.ok) throw new Error(compiled.message)
  return compiled.verdict(reading, policies)
}

describe('a scenario file', () => {
  it('is parsed as in the contract', () => {
    expect(parseScenario(`${HEAD}alert: ${DOUBLE}\n`, 's.yaml')).toEqual({ ok: true, scenario: scenario(DOUBLE) })
  })

  it.each([
    ['alert: reading.pm25 >\n', '4:8 expression'],
    ['alert: readings.pm25 > 1\n', '4:8 expression'],
    ['alert: foo(reading)\n', '4:8 expression'],
    ['alert: policy["other"].limit > 1\n', '4:8 policy-not-listed'],
    ['alert: "true"\nboundry: {}\n', '5:10 unknown-key'],
    ['alert: "true"\nboundary: { pm25: [a] }\n', '5:19 key-type'],
    ['alert: true\n', '4:8 key-type'],
    ['', '1:1 key-type'],
  ])('refuses %j', (tail, place) => {
    const parsed = parseScenario(HEAD + tail, 's.yaml')
    expect(parsed.ok ? [] : parsed.findings.map(({ line, column, rule }) => `${line}:${column} ${rule}`)).toEqual([place])
  })
})

describe('an expression', () => {
  it.each(['reading.pm25 > double(policy["epa-pm25-limit"].limit)', DOUBLE, 'reading.pm25 > policy["epa-pm25-limit"].limit'])(
    'judges integers and fractions alike: %s',
    (alert) => {
      expect([24, 25, 25.5, 26].map((pm25) => verdict(alert, { pm25 }))).toEqual([false, false, true, true])
      expect([25, 25.5, 26].map((pm25) => verdict(alert, { pm25 }, under(25.5)))).toEqual([false, false, true])
    },
  )

  it('supports arithmetic, lists, text and loops', () => {
    expect(verdict('reading.pm25 * 2 - 1 >= 49 && 100 / reading.pm25 == 4.0', { pm25: 25 })).toBe(true)
    expect(verdict('reading.site in ["a", "b"] && "air" in policy["epa-pm25-limit"].tags', { site: 'b' })).toBe(true)
    expect(verdict('reading.values.exists(v, v > policy["epa-pm25-limit"].limit)', { values: [1, 26] })).toBe(true)
    expect(verdict('has(reading.pm25) && reading.pm25 > 1', {})).toBe(false)
    expect(verdict('reading.name.matches("^(a+)+$")', { name: `${'a'.repeat(1_000)}!` })).toBe(false)
  })

  it.each([
    ['reading.gone > 1', {}],
    ['reading.pm25 > "a"', { pm25: 1 }],
    ['reading.pm25', { pm25: 1 }],
    ['policy["x"].limit > 1', {}],
  ])('without a verdict throws a typed error: %s', (alert, reading) => {
    expect(() => verdict(alert, reading)).toThrow(ScenarioError)
    expect(() => verdict(alert, reading)).toThrow(expect.objectContaining({ code: 'HMS_SCENARIO_EVALUATION' }))
  })

  it.each([
    ['deep brackets', `${'('.repeat(900)}true${')'.repeat(900)}`],
    ['signs', '!'.repeat(2_000)],
    ['conditionals', 'true ? '.repeat(280)],
    ['long text', `"${'x'.repeat(3_000)}" == ""`],
    ['nothing', ''],
    ['loops in loops', '[1].all(a, [1].all(b, [1].all(c, [1].all(d, true))))'],
  ])('is refused for %s', (_name, alert) => {
    expect(compileScenario(scenario(alert))).toMatchObject({ ok: false, code: 'HMS_SCENARIO_EXPRESSION' })
  })

  it('never throws at compile time', () => {
    const signs = ['reading', '.', 'a', '[', ']', '(', ')', '"b"', ' > ', '1', '?', ':', ' && ', '!', '-', 'policy', ',', '{', '}']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...signs)), (parts) => {
        compileScenario(scenario(parts.join('')))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('steps', () => {
  const list = (length: number): JsonObject => ({ list: Array.from({ length }, () => 1) })
  const LOOPS = 'reading.list.all(a, reading.list.all(b, a + b > 0.0))'

  it('are estimated before evaluation: two loops over 2,000 values are refused, and over 20 evaluated', () => {
    expect(verdict(LOOPS, list(20))).toBe(true)
    expect(() => verdict(LOOPS, list(2_000))).toThrow('the evaluation would exceed the step limit')
  })

  it('are shared by the expressions of one question', () => {
    const compiled = compileScenario(scenario(LOOPS))
    if (!compiled.ok) throw new Error(compiled.message)
    const budget = { steps: MAX_STEPS }
    const judged = Array.from({ length: 50 }, () => {
      try {
        return compiled.verdict(list(10), under(25), budget)
      } catch {
        return false
      }
    })
    expect([judged[0], judged.at(-1), budget.steps >= 0]).toEqual([true, false, true])
  })

  it('are charged only for members that the expression reads, not for the rest of a large policy or reading', () => {
    const large = { ...under(25)['epa-pm25-limit']!, more: Array.from({ length: 50_000 }, () => 'x') }
    const compiled = compileScenario(scenario(DOUBLE))
    if (!compiled.ok) throw new Error(compiled.message)
    const budget = { steps: 100 }
    expect(compiled.verdict({ pm25: 26, text: 'y'.repeat(100_000) }, { 'epa-pm25-limit': large }, budget)).toBe(true)
    expect(() => verdict('reading.text == policy["epa-pm25-limit"].text', { text: 'y'.repeat(100_000) })).toThrow(
      'at most 16384 can be evaluated',
    )
  })

  it('limit the evaluation of thresholds too', () => {
    const large = { 'epa-pm25-limit': { ...under(25)['epa-pm25-limit']!, list: Array.from({ length: 2_000 }, () => 1) } }
    const costly = 'reading.pm25 > policy["epa-pm25-limit"].list.map(a, policy["epa-pm25-limit"].list.filter(b, b > a).size())[0]'
    expect(boundaryReadings(scenario(costly), [large], [{ id: 'r', pm25: 3 }]).readings).toEqual([])
  })

  it('are bounded for matches(), which refuses long texts and long patterns', () => {
    const text = 'x'.repeat(1_025)
    expect(() => verdict('reading.text.matches("x")', { text })).toThrow(ScenarioError)
    expect(() => verdict('reading.text.matches(reading.text)', { text: 'x'.repeat(129) })).toThrow(ScenarioError)
  })
})

describe('boundary inputs', () => {
  const template = { id: 'virginia-2023:1', region: 'NCR', pm25: 3.3 }
  const values = (made: Scenario): unknown[] =>
    boundaryReadings(made, [under(35), under(25)], [template]).readings.map((reading) => reading['pm25'])

  it('are at the threshold and one step to either side, under both versions', () => {
    expect(values(scenario(DOUBLE))).toEqual([34.9, 35, 35.1, 24.9, 25, 25.1])
    expect(boundaryReadings(scenario(DOUBLE), [under(25)], [template]).readings[1]).toEqual({
      id: 'boundary:pm25-violation:pm25=25',
      region: 'NCR',
      pm25: 25,
    })
  })

  it('are derived from either side of a comparison, from literals, and from computed thresholds', () => {
    expect(values(scenario('50 <= reading["pm25"]'))).toEqual([49.9, 50, 50.1])
    expect(values(scenario('reading.pm25 > double(policy["epa-pm25-limit"].limit) * 1.5'))).toEqual([52.4, 52.5, 52.6, 37.4, 37.5, 37.6])
    const nested = boundaryReadings(scenario('reading.air.kind == "dust"'), [under(25)], [{ ...template, air: { day: 1 } }])
    expect(nested.readings).toEqual([{ ...template, id: 'boundary:pm25-violation:air.kind=dust', air: { day: 1, kind: 'dust' } }])
  })

  it('are taken from the boundary key if the expression compares nothing with the policies', () => {
    const alert = 'reading.pm25 - reading.base > 0.0'
    expect(values(scenario(alert))).toEqual([])
    expect(values(scenario(alert, { pm25: [1, 2.5] }))).toEqual([1, 2.5])
    expect(values(scenario(alert, { pm25: 'policy["epa-pm25-limit"].limit' }))).toEqual([34.9, 35, 35.1, 24.9, 25, 25.1])
  })
})
