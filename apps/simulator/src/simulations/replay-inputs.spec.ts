import { describe, expect, it } from 'vitest'
import { parseScenario, type Scenario } from '#libs/policy'
import { dossierOf, POLICY, SCENARIO } from '../testing/dossier.fixture.js'
import { isFirstVersion, policiesOf, rulesOf, scenariosOf } from '../scenarios/policies-of-run.js'
import { inputsOf } from './replay-inputs.js'

const reading = (id: string, facts: Record<string, number> = {}) => ({ id, at: id, region: '', ...facts })
const scenarioOf = (source = SCENARIO): Scenario => {
  const parsed = parseScenario(source, 'a.yaml')
  if (!parsed.ok) throw new Error(parsed.findings[0]?.message)
  return parsed.scenario
}
const tightened = await dossierOf(['2.0.0', 25], ['1.5.0', 35])

describe('policies of a run', () => {
  it('are the live ones before, and the signed ones after', () => {
    const { before, after } = policiesOf(tightened)
    expect([before[POLICY]?.['limit'], after[POLICY]?.['limit'], isFirstVersion(policiesOf(tightened))]).toEqual([35, 25, false])
  })

  it('have no before in a first version', async () => {
    const first = await dossierOf(['1.0.0', 25], null)
    expect([policiesOf(first).before, isFirstVersion(policiesOf(first))]).toEqual([{}, true])
  })

  it('choose the scenarios', () => {
    const other = { ...scenarioOf(), id: 'other', policies: ['ozone-limit'] }
    expect(rulesOf(scenariosOf(policiesOf(tightened), [other, scenarioOf()]))).toMatchObject([{ id: 'pm25-violation', policies: [POLICY] }])
  })
})

describe('inputs of a scenario', () => {
  it('are its readings and their boundary, judged under both versions', async () => {
    const readings = [reading('a', { pm25: 40 }), reading('b', { pm25: 30 }), reading('c'), reading('d', { pm25: 1 })]
    const inputs = await inputsOf(scenarioOf(), readings, policiesOf(tightened))
    expect(inputs).toMatchObject({ unjudged: 1, boundary: 6 })
    if ('why' in inputs) throw new Error(inputs.why)
    expect(inputs.inputs.slice(0, 3).map(({ id }) => id)).toEqual(['a', 'b', 'd'])
    expect(inputs.before?.verdicts).toEqual([true, false, false, false, false, true, false, false, false])
    expect(inputs.after.verdicts).toEqual([true, true, false, true, true, true, false, false, true])
  })

  it('are the same for corpora of more readings than one turn judges', async () => {
    const readings = Array.from({ length: 2_500 }, (_, index) => reading(String(index).padStart(4, '0'), { pm25: index % 50 }))
    const inputs = await inputsOf(scenarioOf(), readings, policiesOf(tightened))
    if ('why' in inputs) throw new Error(inputs.why)
    expect(inputs.after.verdicts.slice(0, 2_500)).toEqual(readings.map((_, index) => index % 50 > 25))
  })

  it('give way to an end: a costly expression stops judging when nobody waits any more', async () => {
    const costly = scenarioOf(SCENARIO.replace(/alert:.*/, 'alert: reading.list.all(a, reading.list.all(b, a + b >= 0.0))'))
    const readings = Array.from({ length: 200 }, (_, index) => ({ ...reading(String(index)), list: Array.from({ length: 10 }, () => 1) }))
    const wanted = new AbortController()
    const judged = inputsOf(costly, readings, policiesOf(tightened), wanted.signal)
    wanted.abort(new Error('over'))
    await expect(judged).rejects.toThrow('over')
  })

  it('have no older side when one policy is new', async () => {
    const inputs = await inputsOf(scenarioOf(), [reading('a', { pm25: 40 })], policiesOf(await dossierOf(['1.0.0', 25], null)))
    expect(inputs).toMatchObject({ before: null, boundary: 3, after: { verdicts: [true, false, false, true] } })
  })

  it('are missing without the corpus, or for policies of others', async () => {
    expect(await inputsOf(scenarioOf(), undefined, policiesOf(tightened))).toMatchObject({ why: 'no corpus virginia registered' })
    const other = { ...scenarioOf(), policies: [POLICY, 'ozone-limit'] }
    expect(await inputsOf(other, [], policiesOf(tightened))).toMatchObject({ why: 'ozone-limit not in this run', next: null })
  })
})
