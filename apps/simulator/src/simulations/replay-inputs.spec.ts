import { describe, expect, it } from 'vitest'
import { parseScenario, type Scenario } from '#libs/scenario'
import { dossierOf, POLICY, SCENARIO } from '../testing/dossier.fixture.js'
import { isFirstVersion, type KnownPolicies, policiesOf, rulesOf, rulesOfRun, scenariosOf } from '../scenarios/policies-of-run.js'
import { SCENARIO_RULES_MAX_BYTES } from '../scenarios/scenario.table.js'
import { inputsOf } from './replay-inputs.js'

const reading = (id: string, facts: Record<string, number> = {}) => ({ id, at: id, region: '', ...facts })
const scenarioOf = (source = SCENARIO): Scenario => {
  const parsed = parseScenario(source, 'a.yaml')
  if (!parsed.ok) throw new Error(parsed.findings[0]?.message)
  return parsed.scenario
}
const tightened = await dossierOf(['2.0.0', 25], ['1.5.0', 35])
const OZONE = 'ozone-limit'
const ozone = { id: OZONE, version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 60, title: 'Ozone' }
const known = (dossier = tightened, beside: KnownPolicies['beside'] = {}): KnownPolicies => ({ ...policiesOf(dossier), beside })
const BOTH = {
  ...scenarioOf(),
  id: 'both',
  policies: [POLICY, OZONE],
  alert: `reading.pm25 > policy["${POLICY}"].limit && reading.o3 > policy["${OZONE}"].limit`,
}

describe('policies of a run', () => {
  it('are the live versions before, and the signed versions after', () => {
    const { before, after } = policiesOf(tightened)
    expect([before[POLICY]?.['limit'], after[POLICY]?.['limit'], isFirstVersion(policiesOf(tightened))]).toEqual([35, 25, false])
  })

  it('are missing before a first version', async () => {
    const first = await dossierOf(['1.0.0', 25], null)
    expect([policiesOf(first).before, isFirstVersion(policiesOf(first))]).toEqual([{}, true])
  })

  it('select the scenarios that name them', () => {
    const other = { ...scenarioOf(), id: 'other', policies: ['ozone-limit'] }
    expect(rulesOf(scenariosOf(policiesOf(tightened), [other, scenarioOf()]))).toMatchObject([{ id: 'pm25-violation', policies: [POLICY] }])
  })
})

describe('inputs of a scenario', () => {
  it('are recorded readings and boundary inputs, judged under both versions', async () => {
    const readings = [reading('a', { pm25: 40 }), reading('b', { pm25: 30 }), reading('c'), reading('d', { pm25: 1 })]
    const inputs = await inputsOf(scenarioOf(), readings, known())
    expect(inputs).toMatchObject({ unjudged: 1, boundary: 6 })
    if ('why' in inputs) throw new Error(inputs.why)
    expect(inputs.inputs.slice(0, 3).map(({ id }) => id)).toEqual(['a', 'b', 'd'])
    expect(inputs.before?.verdicts).toEqual([true, false, false, false, false, true, false, false, false])
    expect(inputs.after.verdicts).toEqual([true, true, false, true, true, true, false, false, true])
  })

  it('are complete for a corpus with more readings than one turn judges', async () => {
    const readings = Array.from({ length: 2_500 }, (_, index) => reading(String(index).padStart(4, '0'), { pm25: index % 50 }))
    const inputs = await inputsOf(scenarioOf(), readings, known())
    if ('why' in inputs) throw new Error(inputs.why)
    expect(inputs.after.verdicts.slice(0, 2_500)).toEqual(readings.map((_, index) => index % 50 > 25))
  })

  it('are no longer evaluated after an abort', async () => {
    const costly = scenarioOf(SCENARIO.replace(/alert:.*/, 'alert: reading.list.all(a, reading.list.all(b, a + b >= 0.0))'))
    const readings = Array.from({ length: 200 }, (_, index) => ({ ...reading(String(index)), list: Array.from({ length: 10 }, () => 1) }))
    const wanted = new AbortController()
    const judged = inputsOf(costly, readings, known(), wanted.signal)
    wanted.abort(new Error('over'))
    await expect(judged).rejects.toThrow('over')
  })

  it('have no old verdicts if one policy is new', async () => {
    const inputs = await inputsOf(scenarioOf(), [reading('a', { pm25: 40 })], known(await dossierOf(['1.0.0', 25], null)))
    expect(inputs).toMatchObject({ before: null, boundary: 3, after: { verdicts: [true, false, false, true] } })
  })

  it('are refused without the corpus, or for policies neither in the run nor in force', async () => {
    expect(await inputsOf(scenarioOf(), undefined, known())).toMatchObject({ why: 'no corpus virginia registered' })
    const why = `${OZONE} neither in this run nor in force`
    expect(await inputsOf(BOTH, [], known())).toMatchObject({ why, next: null })
    expect(await inputsOf({ ...BOTH, policies: ['constructor'] }, [], known())).toMatchObject({ why: why.replace(OZONE, 'constructor') })
  })

  it('use other policies in force on both sides, to which no bot has to adapt', async () => {
    const readings = [reading('a', { pm25: 40, o3: 70 }), reading('b', { pm25: 30, o3: 50 }), reading('c', { pm25: 30, o3: 70 })]
    const inputs = await inputsOf(BOTH, readings, known(tightened, { [OZONE]: ozone, 'so2-limit': { ...ozone, id: 'so2-limit' } }))
    if ('why' in inputs) throw new Error(inputs.why)
    expect([inputs.before?.verdicts.slice(0, 3), inputs.after.verdicts.slice(0, 3)]).toEqual([
      [true, false, false],
      [true, false, true],
    ])
    expect(inputs.policies).toEqual([POLICY])
    expect(inputs.fields).toMatchObject([{ policy: POLICY, field: 'limit' }])
    expect([inputs.before, inputs.after].map((side) => Object.keys(side!.policies).sort())).toEqual([
      [POLICY, OZONE],
      [POLICY, OZONE],
    ])
  })
})

describe('rules of a run', () => {
  it('contain only the values that they read of other policies', () => {
    const { rules, incomplete } = rulesOfRun([scenarioOf(), BOTH], known(tightened, { [OZONE]: ozone }))
    expect(rules).toEqual([...rulesOf([scenarioOf()]), { ...rulesOf([BOTH])[0], beside: { [OZONE]: { limit: 60 } } }])
    expect([...incomplete]).toEqual([])
  })

  it('contain an empty object for a policy in force that they list and do not read', () => {
    const listed = { ...scenarioOf(), policies: [POLICY, OZONE] }
    expect(rulesOfRun([listed], known(tightened, { [OZONE]: ozone })).rules).toMatchObject([{ beside: { [OZONE]: {} } }])
  })

  it('contain all values that they read, or none, within the size limit of events', () => {
    const large = { ...ozone, limit: 'x'.repeat(SCENARIO_RULES_MAX_BYTES / 2) }
    const { rules, incomplete } = rulesOfRun([BOTH, { ...BOTH, id: 'second' }], known(tightened, { [OZONE]: large }))
    expect(rules.map(({ beside }) => beside !== undefined)).toEqual([true, false])
    expect([...incomplete]).toEqual(['second'])
    expect(Buffer.byteLength(JSON.stringify(rules))).toBeLessThanOrEqual(SCENARIO_RULES_MAX_BYTES)
  })
})
