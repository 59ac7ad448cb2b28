import { describe, expect, it } from 'vitest'
import type { ScenarioImpact } from '#libs/contracts'
import { scenarioImpact, touchedFieldsOf } from './impact.js'
import { predictedLoad } from '../simulations/run-simulation.js'
import { readingOf, tightening, virginia } from '../testing/virginia.fixture.js'

const group = ({ name, before, after, newlyViolating, newlyCompliant, readings }: ScenarioImpact['regions'][number]): unknown[] => [
  name,
  readings,
  before,
  after,
  newlyViolating,
  newlyCompliant,
]

describe('the impact of a change', () => {
  const impact = scenarioImpact(tightening(virginia()))

  it('counts recorded readings whose verdict changes, by region, site and month', () => {
    expect(impact).toMatchObject({ readings: 7703, before: 118, after: 249, from: '2023-01-01', to: '2023-12-31', lost: 0 })
    expect([impact.newlyViolating.count, impact.newlyCompliant.count]).toEqual([131, 0])
    expect(impact.regions.map(group)).toEqual([
      ['NCR', 1419, 30, 60, 30, 0],
      ['VA', 6284, 88, 189, 101, 0],
    ])
    expect(impact.months).toHaveLength(12)
    for (const groups of [impact.sites, impact.months]) {
      expect(groups.reduce((sum, { newlyViolating }) => sum + newlyViolating, 0)).toBe(131)
    }
    expect(impact.sites[0]!.newlyViolating).toBeGreaterThanOrEqual(impact.sites[1]!.newlyViolating)
  })

  it('lists the ids of these readings, earliest first', () => {
    const { ids, count } = impact.newlyViolating
    expect(ids).toHaveLength(count)
    const turned = new Map(virginia().map((reading) => [reading.id, reading]))
    const found = ids.map((id) => turned.get(id)!)
    expect(found.every(({ pm25 }) => Number(pm25) > 25 && Number(pm25) <= 35)).toBe(true)
    expect(found.map(({ at }) => at)).toEqual(found.map(({ at }) => at).toSorted())
  })

  it('leaves out boundary inputs, which were not recorded', () => {
    const bounded = tightening([readingOf('a', 30)], { boundary: [readingOf('boundary:x', 30)] })
    expect(scenarioImpact(bounded)).toMatchObject({ readings: 1, newlyViolating: { count: 1, ids: ['a'] } })
  })

  it('counts newly compliant readings of a loosened limit, and has no sites or months if the corpus has none', () => {
    const loosened = tightening([readingOf('a', 30), readingOf('b', 40)], {
      oracle: (reading, policies) => {
        return Number(reading['pm25']) > (policies['epa-pm25-limit']?.['limit'] === 25 ? 35 : 25)
      },
    })
    expect(scenarioImpact(loosened)).toMatchObject({ newlyCompliant: { count: 1, ids: ['a'] }, sites: [], months: [], from: '', to: '' })
  })

  it('counts no alerts before a first version', () => {
    expect(scenarioImpact(tightening([readingOf('a', 30)], { before: null }))).toMatchObject({
      before: 0,
      after: 1,
      newlyViolating: { count: 1 },
    })
  })

  it('limits the listed ids and regions, and still counts all', () => {
    const many = Array.from({ length: 2_000 }, (_, index) => ({
      ...readingOf(`r${String(index).padStart(5, '0')}`, 30),
      region: `g${index}`,
    }))
    const { newlyViolating, regions } = scenarioImpact(tightening(many))
    expect([newlyViolating.count, newlyViolating.ids.length, regions.length]).toEqual([2_000, 500, 50])
    const long = many.map((reading) => ({ ...reading, id: reading.id.padEnd(1_000, 'x') }))
    expect(scenarioImpact(tightening(long)).newlyViolating.ids).toHaveLength(32)
  })
})

describe('touched fields', () => {
  it('of several scenarios are merged, with all inputs and all scenarios that read them', () => {
    const field = { policy: 'p', field: 'limit', from: 35, to: 25, inputs: 6, scenarios: ['b'] }
    const of = (scenario: string, inputs: number) =>
      tightening([], {
        scenario,
        fields: [
          { ...field, inputs, scenarios: [scenario] },
          { ...field, field: 'ceiling', inputs: 0, scenarios: [] },
        ],
      })
    expect(touchedFieldsOf([of('b', 6), of('a', 3)])).toEqual([
      { ...field, field: 'ceiling', inputs: 0, scenarios: [] },
      { ...field, inputs: 9, scenarios: ['a', 'b'] },
    ])
  })

  it('leave out values that are too long to read', () => {
    const [field] = touchedFieldsOf([
      tightening([], { fields: [{ policy: 'p', field: 'table', from: 'x'.repeat(500), to: 1, inputs: 0, scenarios: [] }] }),
    ])
    expect(field).toEqual({ policy: 'p', field: 'table', to: 1, inputs: 0, scenarios: [] })
  })
})

describe('the predicted load', () => {
  const impact = scenarioImpact(tightening(virginia()))
  const bots = [{ bot: 'inspector', readings: 7703, before: 118, after: 249 }]

  it('contains counts, days and regions for the canary', () => {
    expect(predictedLoad({ scenarios: [impact], bots, fields: [] })).toEqual({
      scenarios: [
        {
          scenario: 'pm25-violation',
          readings: 7703,
          before: 118,
          after: 249,
          days: 365,
          regions: [
            { region: 'VA', readings: 6284, before: 88, after: 189 },
            { region: 'NCR', readings: 1419, before: 30, after: 60 },
          ],
        },
      ],
      bots,
      omitted: 0,
    })
  })

  it('fits into an event with the largest dossier, and counts omitted entries', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({ ...bots[0]!, bot: `bot-${index}`.padEnd(100, 'x') }))
    const scenarios = Array.from({ length: 200 }, (_, index) => ({ ...impact, scenario: `s${index}`.padEnd(100, 'x') }))
    const load = predictedLoad({ scenarios, bots: many, fields: [] })
    expect(Buffer.byteLength(JSON.stringify(load))).toBeLessThan(13 * 1024)
    const given = load.scenarios.length + load.scenarios.flatMap(({ regions }) => regions).length + load.bots.length
    expect(load.omitted + given).toBe(200 + 200 * 2 + 1_000)
  })
})
