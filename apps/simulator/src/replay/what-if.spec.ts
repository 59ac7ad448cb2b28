import type { Scenario } from '#libs/scenario'
import { describe, expect, it } from 'vitest'
import { inputsOf } from '../simulations/replay-inputs.js'
import { limitOf, readingOf, virginia } from '../testing/virginia.fixture.js'
import { placesOf } from './places.js'
import type { Reading } from './reading.js'
import type { ScenarioInputs } from './scenario-inputs.js'
import { whatIfOf } from './what-if.js'

const ID = 'epa-pm25-limit'
const ALERT = `reading.pm25 > policy["${ID}"].limit`
type Documents = Parameters<typeof inputsOf>[2]['after']

const under = (rule: Record<string, unknown>): Documents => {
  return { [ID]: { id: ID, version: '1.0.0', effective: '2024-09-01T00:00:00Z', ...rule } } as Documents
}

async function inputs(scenario: Scenario, readings: readonly Reading[], before: Documents, after: Documents): Promise<ScenarioInputs> {
  const made = (await inputsOf(scenario, readings, { before, after, changed: [ID], beside: {} })) as ScenarioInputs
  return { ...made, rule: { alert: scenario.alert, corpus: 'c', digest: '' } }
}

const scenario = (alert = ALERT): Scenario => ({ id: 'pm25-violation', policies: [ID], corpus: 'c', alert })
const AIR = virginia()
const [LIVE, NEXT] = [limitOf(35), limitOf(25)] as unknown as [Documents, Documents]

async function table(alert: string, readings = AIR, before = LIVE, after = NEXT) {
  return whatIfOf([await inputs(scenario(alert), readings, before, after)], () => 0)
}

const above = (limit: number): number => AIR.filter(({ pm25 }) => (pm25 as number) > limit).length
const at = (found: Awaited<ReturnType<typeof table>>, value: number) => found?.violations[found.values.indexOf(value)]

describe('the table of other values', () => {
  it('has round values, the proposed one and the one in force, in total and by site', async () => {
    const found = await table(ALERT)
    expect(found).toMatchObject({ scenario: 'pm25-violation', policy: ID, field: 'limit', readings: AIR.length })
    for (const limit of [5, 10, 15, 20, 25, 35]) expect([limit, at(found, limit)]).toEqual([limit, above(limit)])
    const [site] = found!.sites
    const ofSite = AIR.filter((reading) => String(reading['site']) === site!.name && (reading['pm25'] as number) > 20)
    expect(site!.violations[found!.values.indexOf(20)]).toBe(ofSite.length)
    expect(found!.values).toEqual(found!.values.toSorted((a, b) => a - b))
    expect(found!.values.length).toBeLessThanOrEqual(256)
  })

  it('contains values beside the grid, and the values of a first version', async () => {
    expect(at(await table(ALERT, AIR, limitOf(35.5) as unknown as Documents, limitOf(24.9) as unknown as Documents), 24.9)).toBe(
      above(24.9),
    )
    expect(at(await table(ALERT, AIR, {}), 25)).toBe(249)
  })

  it('evaluates the expression, which may be of any form, at a nested field', async () => {
    const odd = `(reading.pm25 < policy["${ID}"].of.limit) == (reading.region == "NCR")`
    const found = await table(odd, AIR, under({ of: { limit: 35, other: 1 } }), under({ of: { limit: 25, other: 1 } }))
    expect(found?.field).toBe('of.limit')
    const expected = AIR.filter(({ pm25, region }) => (pm25 as number) < 20 === (region === 'NCR')).length
    expect(at(found, 20)).toBe(expected)
  })

  it('leaves out values under which a reading has no verdict', async () => {
    const found = await table(`reading.pm25 > 100 / int(policy["${ID}"].limit)`, AIR.slice(0, 500), limitOf(1) as unknown as Documents)
    expect(found?.values).toContain(25)
    expect(found?.values).not.toContain(0)
  })

  it.each([
    ['no number changes', ALERT, under({ limit: 'low' }), under({ limit: 'high' })],
    ['a number becomes a text', `string(policy["${ID}"].limit) == "x"`, under({ limit: 25 }), under({ limit: 'x' })],
    ['the expression does not read the number', 'reading.pm25 > 25.0', LIVE, NEXT],
    ['no value makes a difference', `reading.pm25 > 20.0 && policy["${ID}"].limit > -1000`, LIVE, NEXT],
  ])('does not exist where %s', async (_what, alert, before, after) => {
    expect(await table(alert, AIR.slice(0, 500), before, after)).toBeUndefined()
  })

  it('does not exist if readings differ in too much, or after too long', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => readingOf(`r${index}`, index / 7))
    expect(await table(ALERT, many)).toBeUndefined()
    let time = 0
    const given = await inputs(scenario(), AIR, LIVE, NEXT)
    expect(whatIfOf([given], () => (time += 1))).toBeUndefined()
    expect(time).toBeGreaterThan(1_500)
  })
})

describe('places', () => {
  it('are the sites with coordinates, with their county and violations', async () => {
    const places = placesOf([await inputs(scenario(), AIR, LIVE, NEXT)])
    expect(places).toHaveLength(21)
    expect(places[0]).toEqual({
      scenario: 'pm25-violation',
      name: '510690010',
      label: 'Frederick',
      lat: 39.28102,
      lon: -78.08157,
      readings: 752,
      before: 16,
      after: 23,
    })
    expect(places.reduce((sum, { after }) => sum + after, 0)).toBe(249)
  })

  it('are at most 200, and none without numeric coordinates on earth', async () => {
    const place = (site: string, lat: unknown) => ({ ...readingOf(site, 30), site, lat, lon: 1 }) as Reading
    const odd = [place('a', '12'), place('b', 91), readingOf('c', 30)]
    const many = Array.from({ length: 300 }, (_, index) => place(`s${index}`, 12))
    expect(placesOf([await inputs(scenario(), odd, LIVE, NEXT)])).toEqual([])
    expect(placesOf([await inputs(scenario(), [...odd, ...many], LIVE, NEXT)])).toHaveLength(200)
  })
})
