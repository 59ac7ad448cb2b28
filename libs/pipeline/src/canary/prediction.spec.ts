import { describe, expect, it } from 'vitest'
import type { PredictedLoad } from '#libs/contracts'
import { ALL_REGIONS } from '#libs/policy'
import { NCR, RampScenario, STEPS } from '../testing/ramp-scenario.js'
import { CANARY_CONTEXT, DOSSIER, NOW, ORIGIN } from '../testing/samples.js'
import { newCanary } from './canary.js'
import { decideCanary } from './decide.js'
import { figuresOf } from './figures.js'
import { describeLoad, predictionsOf } from './prediction.js'

/** Virginia 2023, as counted by the replay of 35 → 25. */
const REGIONS = [
  { region: 'VA', readings: 6284, before: 88, after: 189 },
  { region: 'NCR', readings: 1419, before: 30, after: 60 },
]
const SCENARIO = { scenario: 'pm25-violation', readings: 7703, before: 118, after: 249, days: 365, regions: REGIONS }
const load = (...scenarios: object[]): PredictedLoad => ({
  scenarios: scenarios.map((more) => ({ ...SCENARIO, ...more })),
  bots: [],
  omitted: 0,
})

describe('the prediction for a canary', () => {
  it('is the number of alerts of a correct bot in its region per day', () => {
    expect(predictionsOf(load({}), [NCR, 'region:VA'])).toEqual([
      { scope: NCR, alertsPerBotDay: 60 / 365 },
      { scope: 'region:VA', alertsPerBotDay: 189 / 365 },
    ])
  })

  it('is the sum over scenarios, and includes readings without a region everywhere', () => {
    const everywhere = { regions: [{ region: '', readings: 30, before: 0, after: 10 }], days: 10 }
    expect(predictionsOf(load({}, everywhere), [NCR])).toEqual([{ scope: NCR, alertsPerBotDay: 60 / 365 + 1 }])
  })

  it.each<[string, PredictedLoad | undefined, string]>([
    ['nothing was replayed', undefined, NCR],
    ['the readings have no times', load({ days: 0 }), NCR],
    ['no reading is of the region', load({}), 'region:TX'],
    ['the regions found no place in the event', load({ regions: [] }), NCR],
    ['it is shown in all regions', load({}), ALL_REGIONS],
  ])('is empty if %s', (_why, given, scope) => {
    expect(predictionsOf(given, [scope])).toEqual([])
  })

  it.each([
    [{ alerts: 0, predicted: 0.04 }, []],
    [{ alerts: 3, predicted: 0.04 }, ['3 alerts, fewer than 0.1 predicted']],
    [{ alerts: 1, predicted: 9.94 }, ['1 alert, at most 9.9 predicted']],
    [{ alerts: 0, predicted: 38.5 }, ['0 alerts, at most 39 predicted']],
  ])('%j is described as %j', (given, said) => {
    expect(describeLoad(given)).toEqual(said)
  })
})

describe('a canary with a prediction', () => {
  const HOURS = 3_600_000
  const at = (hours: number): Date => new Date(NOW.getTime() + hours * HOURS)
  const alert = (bot: string, reading: string, explained: boolean) => ({
    type: 'alerted' as const,
    alert: {
      alert: reading,
      bot,
      reading,
      reason: '',
      once: `${bot} ${reading}`,
      connected: true,
      explained,
      receivedAt: NOW.toISOString(),
    },
  })

  it('reports observed and predicted alerts with its verdict, including explained ones, and does not judge by them', () => {
    const context = { ...CANARY_CONTEXT, leaseMs: 300 * HOURS }
    let canary = newCanary(DOSSIER, { ...ORIGIN, scenarios: [] }, { now: NOW, begins: new Map(), load: load({}) })
    const input = (given: Parameters<typeof decideCanary>[1], now = NOW) => {
      const decision = decideCanary(canary, given, { ...context, now })
      canary = decision.state
      return decision.effects
    }
    input({ type: 'opened', dossier: DOSSIER, isProven: true, frozen: null })
    canary = { ...canary, members: canary.members.map((member) => ({ ...member, seq: 1 })) }
    const audience = { connected: 40, cohort: 2, smallestBucket: 12 }
    const head = { policy: canary.members[0]!.policy, scope: NCR, seq: 1, release: 'sha256:new', revision: 3, applied: true, audience }
    input({ type: 'published', heads: [head], at: NOW.toISOString() })
    const scope = { scope: NCR, seq: 1, release: 'sha256:new', expected: 2, acknowledged: 2, silent: [], control: 38 }
    input({ type: 'covered', reports: [{ policy: head.policy, revision: 3, scopes: [scope] }] })
    input(alert('bot-1', 'r1', true))
    input(alert('bot-2', 'r2', true))
    input(alert('bot-2', 'r3', false))
    const now = at(73)
    expect(figuresOf(canary, { now, leaseMs: context.leaseMs })!.load).toEqual({ alerts: 3, predicted: expect.closeTo(1, 9) as number })
    expect(input({ type: 'due', timer: 'observe' }, now)).toContainEqual(
      expect.objectContaining({
        do: 'pass',
        summary: expect.stringContaining('1 unexplained alert; 3 alerts, at most 1.0 predicted; ') as string,
      }),
    )
  })

  it('counts the alerts of each step separately, and reports nothing while bots of other scopes have the release', () => {
    const scenario = new RampScenario(STEPS)
    scenario.canary = {
      ...scenario.canary,
      predictions: predictionsOf(
        load({}),
        STEPS.map(({ scope }) => scope),
      ),
    }
    const loadNow = () => figuresOf(scenario.canary, { now: NOW, leaseMs: CANARY_CONTEXT.leaseMs })?.load
    scenario
      .stored(40, 2)
      .covered({ [NCR]: [2, 2, 38] })
      .input(alert('bot-1', 'r1', true))
    expect(loadNow()).toEqual({ alerts: 1, predicted: 0 })
    scenario
      .due('observe')
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
      .input(alert('bot-3', 'r2', true))
    expect(loadNow()).toEqual({ alerts: 1, predicted: 0 })
    scenario.due('observe').mayGrow().stored(8, 3)
    expect(scenario.canary.scope).toBe(ALL_REGIONS)
    expect(loadNow()).toBeUndefined()
  })
})
