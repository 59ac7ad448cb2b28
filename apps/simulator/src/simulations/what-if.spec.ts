import { VirtualClock } from '#libs/platform'
import type { Policies, Scenario } from '#libs/scenario'
import type { PolicyDocument } from '#libs/policy'
import { describe, expect, it } from 'vitest'
import { limitOf, readingOf, virginia } from '../testing/virginia.fixture.js'
import type { Reading } from '../replay/reading.js'
import type { ScenarioInputs } from '../replay/scenario-inputs.js'
import { inputsOf } from './replay-inputs.js'
import { whatIfOf } from './what-if.js'

const ID = 'epa-pm25-limit'
const SCENARIO: Scenario = { id: 'pm25-violation', policies: [ID], corpus: 'c', alert: `reading.pm25 > policy["${ID}"].limit` }
const under = (rule: Record<string, number | string>): Record<string, PolicyDocument> => ({
  [ID]: { id: ID, version: '1.0.0', effective: '2024-09-01T00:00:00Z', ...rule } as PolicyDocument,
})

interface Given {
  alert?: string
  readings?: Reading[]
  before?: Policies
  after?: Policies
  clock?: VirtualClock
}

async function tableOf({
  alert = SCENARIO.alert,
  readings = virginia(),
  before = limitOf(35) as unknown as Policies,
  after = limitOf(25) as unknown as Policies,
}: Given) {
  const scenario = { ...SCENARIO, alert }
  const inputs = (await inputsOf(scenario, readings, { before, after, changed: [ID], beside: {} })) as ScenarioInputs
  return whatIfOf([{ scenario, inputs }], new VirtualClock('2026-01-01T00:00:00Z'))
}

const at = (table: Awaited<ReturnType<typeof tableOf>>, value: number): number | undefined => table?.violations[table.values.indexOf(value)]

describe('the table of other values', () => {
  it('contains round values, the proposed one and the one in force, by site', async () => {
    const start = performance.now()
    const table = await tableOf({})
    console.log(performance.now() - start, JSON.stringify(table).length, table?.values.length, JSON.stringify(table?.values))
    expect(table).toMatchObject({ scenario: 'pm25-violation', policy: ID, field: 'limit', readings: 7703 })
    expect([at(table, 35), at(table, 25)]).toEqual([118, 249])
    expect(at(table, 20)).toBe(virginia().filter(({ pm25 }) => (pm25 as number) > 20).length)
  })
})
