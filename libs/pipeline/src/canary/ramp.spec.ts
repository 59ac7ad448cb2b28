import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_REGIONS, bucketOf, inShare, rampProblem, scopeCovers, type Scope } from '#libs/policy'
import { FREEZE, NCR, RampScenario, STEPS } from '../testing/ramp-scenario.js'
import { decisionReceived, NOW, POLICY } from '../testing/samples.js'
import { canaryLabel, type Canary } from './canary.js'
import { headsOf, botCounts } from './members.js'
import { claimedScopes, freezableScopes, scopesWithHeads } from './plan-steps.js'

describe('given a ramp whose first step is observed', () => {
  const observing = (): RampScenario => new RampScenario().stored(40, 2).covered({ [NCR]: [2, 2, 38] })

  it('when the observation ends, then the step passes with requested share and bot counts, and a timer starts the next step', () => {
    const scenario = observing().due('observe')
    expect(scenario.canary.state).toBe('growing')
    expect(scenario.effects).toEqual([
      { do: 'cancel', timers: ['acknowledge', 'observe', 'measure'] },
      {
        do: 'emit',
        type: 'hms.canary.step-passed.v1',
        data: expect.objectContaining({
          label: 'Canary 5% traffic (NCR), step 1 of 3',
          steps: [
            expect.objectContaining({ step: 1, requestedShare: 500, realisedShare: 500, cohort: 2, connected: 40, basis: 'observed' }),
          ],
        }) as object,
      },
      { do: 'schedule', timer: 'grow', inMs: 0 },
    ])
  })

  it('when the next step may begin, then its heads are issued, and it is published, observed and judged separately', () => {
    const scenario = observing().due('observe').mayGrow()
    expect(scenario.canary).toMatchObject({ state: 'publishing', step: 1, requestedShare: 10_000, scope: NCR, observed: false })
    expect(scenario.kinds()).toEqual(['issueHeads', 'schedule', 'hms.canary.started.v1'])
    expect(scenario.effects[2]).toMatchObject({ data: { step: 2 } })
    expect(canaryLabel(scenario.canary)).toBe('Canary 100% traffic (NCR), step 2 of 3')
  })

  it('when the timer fires twice, then the step starts once', () => {
    const scenario = observing().due('observe').mayGrow()
    const { canary } = scenario
    expect(scenario.mayGrow().canary).toBe(canary)
    expect(scenario.effects).toEqual([])
  })

  it('when a freeze blocks the scope of the next step, then it waits, keeps its cohort, and grows when the freeze ends', () => {
    const scenario = observing().due('observe').mayGrow(FREEZE)
    expect([scenario.canary.state, scenario.kinds()]).toEqual(['growing', ['hms.canary.delayed.v1']])
    expect(scenario.due('lease').kinds()).toEqual(['issueHeads', 'schedule'])
    expect(scenario.input({ type: 'freezeChanged', frozen: null }).canary).toMatchObject({ state: 'publishing', step: 1 })
  })

  it('when a bot is silent, then it pauses and names the bot instead of growing', () => {
    const scenario = new RampScenario()
      .stored(40, 2)
      .covered({ [NCR]: [2, 1, 38] })
      .due('acknowledge')
    expect(scenario.canary.state).toBe('paused')
    expect(scenario.effects.at(-1)).toMatchObject({ data: { reason: 'ACK_TIMEOUT' } })
    expect(scenario.mayGrow().effects).toEqual([])
    const joined = observing()
      .covered({ [NCR]: [3, 2, 38] })
      .due('observe')
    expect([joined.canary.state, joined.kinds()]).toEqual(['observing', ['schedule']])
  })

  it('when a person promotes it, then the next step follows, not the rollout', () => {
    const scenario = observing().input(decisionReceived('promote', 'canary'))
    expect([scenario.canary.state, scenario.kinds()]).toEqual(['growing', ['answer', 'cancel', 'hms.canary.step-passed.v1', 'schedule']])
    expect(scenario.canary.passed).toMatchObject([{ basis: 'promoted' }])
  })

  it('when a person signed the promotion before the step began, then it is late, because it is about an earlier step', () => {
    const scenario = observing()
      .due('observe')
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
    const signedAt = new Date(NOW.getTime() - 1).toISOString()
    scenario.input({ ...decisionReceived('promote', 'canary'), signedAt })
    expect([scenario.canary.state, scenario.canary.passed?.length]).toEqual(['observing', 1])
    expect(scenario.effects).toEqual([
      expect.objectContaining({ do: 'answer', outcome: 'late', detail: 'the canary has reached step 2 since the decision was signed' }),
    ])
    scenario.input({ ...decisionReceived('promote', 'canary'), signedAt: NOW.toISOString() })
    expect([scenario.canary.state, scenario.canary.passed?.length]).toEqual(['growing', 2])
  })

  it('when a person pauses it before the next step begins, then it pauses, and resumes at the current step', () => {
    const scenario = observing().due('observe').mayGrow(FREEZE).input(decisionReceived('pause', 'canary'))
    expect(scenario.canary.state).toBe('paused')
    expect(scenario.input(decisionReceived('resume', 'canary')).canary).toMatchObject({ state: 'publishing', requestedShare: 500 })
  })

  it('when that step passes again, then it is listed once', () => {
    const scenario = observing()
      .due('observe')
      .mayGrow(FREEZE)
      .input(decisionReceived('pause', 'canary'))
      .input(decisionReceived('resume', 'canary'))
    scenario
      .input({ type: 'freezeChanged', frozen: null })
      .stored(40, 2)
      .covered({ [NCR]: [2, 2, 38] })
      .due('observe')
    expect([scenario.canary.state, scenario.canary.passed?.map(({ step }) => step)]).toEqual(['growing', [1]])
    scenario.input(decisionReceived('pause', 'canary')).input(decisionReceived('promote', 'canary'))
    expect(scenario.canary.passed).toMatchObject([{ step: 1, basis: 'promoted' }])
  })

  it('when its share was widened, then a later step never has a smaller one', () => {
    const steps = [STEPS[0]!, { ...STEPS[0]!, share: 700 }]
    const scenario = new RampScenario(steps)
      .stored(3, 0, 811)
      .stored(3, 1)
      .covered({ [NCR]: [1, 1, 2] })
      .due('observe')
      .mayGrow()
    expect(scenario.canary).toMatchObject({ requestedShare: 700, members: [{ share: 812 }] })
    expect(scenario.canary.passed).toMatchObject([{ requestedShare: 500, realisedShare: 812 }])
  })
})

describe('given a ramp at its step of all regions', () => {
  it('when its heads are issued, then the heads of the region stay', () => {
    const { canary } = new RampScenario().atThird()
    expect(headsOf(canary).map(({ scope, share }) => [scope, share])).toEqual([
      [NCR, 10_000],
      [ALL_REGIONS, 2_500],
    ])
    expect([scopesWithHeads(canary), claimedScopes(canary)]).toEqual([
      [ALL_REGIONS, NCR],
      [ALL_REGIONS, NCR],
    ])
  })

  it('when bots are counted, then each counts in one scope, and a silent bot in any scope blocks the step', () => {
    const scenario = new RampScenario().atThird().stored(40, 12)
    scenario.covered({ [NCR]: [3, 3], [ALL_REGIONS]: [9, 8, 28] })
    expect(botCounts(scenario.canary)).toMatchObject([{ expected: 12, acknowledged: 11 }])
    expect(scenario.canary.state).toBe('publishing')
    scenario.covered({ [NCR]: [3, 3], [ALL_REGIONS]: [9, 9, 28] })
    expect(scenario.canary.state).toBe('observing')
    expect(scenario.canary.watch?.bots).toEqual([{ policy: POLICY, cohort: 12, connected: 40 }])
  })

  it('when no new bot is below the share, then bots of the earlier step are its evidence', () => {
    const scenario = new RampScenario()
      .atThird()
      .stored(40, 3)
      .covered({ [NCR]: [4, 4], [ALL_REGIONS]: [0, 0, 36] })
    expect(scenario.canary.state).toBe('observing')
  })

  it('when its bots acknowledge before the report of its heads arrives, then no bot counts twice', () => {
    const scenario = new RampScenario().atThird().covered({ [NCR]: [3, 3], [ALL_REGIONS]: [9, 9, 28] })
    expect(scenario.canary.state).toBe('publishing')
    scenario.stored(40, 12)
    expect(botCounts(scenario.canary)).toMatchObject([{ expected: 12, acknowledged: 12 }])
    expect(scenario.canary.state).toBe('observing')
    const nobodyNew = new RampScenario().atThird().covered({ [NCR]: [4, 4], [ALL_REGIONS]: [0, 0, 36] })
    expect(nobodyNew.stored(40, 3).canary.state).toBe('observing')
  })

  it('when the last step ends, then the canary passes with all steps, on their weakest basis', () => {
    const scenario = new RampScenario()
      .stored(40, 2)
      .covered({ [NCR]: [2, 2, 38] })
      .input(decisionReceived('promote', 'canary'))
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
      .due('observe')
      .mayGrow()
      .stored(40, 12)
      .covered({ [NCR]: [3, 3], [ALL_REGIONS]: [9, 9, 28] })
      .due('observe')
    expect(scenario.canary.state).toBe('passed')
    expect(scenario.effects.at(-1)).toMatchObject({ do: 'pass', basis: 'promoted' })
    expect(scenario.canary.passed?.map(({ step, cohort }) => [step, cohort])).toEqual([
      [1, 2],
      [2, 4],
      [3, 12],
    ])
  })

  it('when two bots of any steps alert, then the whole run is rolled back', () => {
    const alert = { alert: 'a', reading: 'r', reason: '', connected: true, explained: false, receivedAt: NOW.toISOString() }
    const scenario = new RampScenario().stored(40, 2).covered({ [NCR]: [2, 2, 38] })
    scenario.input({ type: 'alerted', alert: { ...alert, bot: 'bot-1', once: 'bot-1 r' } })
    scenario
      .due('observe')
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
    scenario.input({ type: 'alerted', alert: { ...alert, bot: 'bot-2', once: 'bot-2 r' } })
    expect([scenario.canary.state, scenario.kinds()]).toEqual(['failed', ['takeBack', 'cancel', 'fail', 'freeRegions']])
  })

  it('when it is aborted while it grows, then it is rolled back', () => {
    const scenario = new RampScenario()
      .stored(40, 2)
      .covered({ [NCR]: [2, 2, 38] })
      .due('observe')
      .input(decisionReceived('abort', 'canary'))
    expect([scenario.canary.state, scenario.kinds()]).toEqual(['ended', ['answer', 'takeBack', 'cancel', 'freeRegions']])
  })

  it("when it grows, then freezes of the next step's scope block it", () => {
    const scenario = new RampScenario().stored(40, 2).covered({ [NCR]: [2, 2, 38] })
    expect(freezableScopes(scenario.canary)).toEqual([NCR])
    scenario
      .due('observe')
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
      .due('observe')
    expect(freezableScopes(scenario.canary)).toEqual([NCR, ALL_REGIONS])
  })
})

it('a ramp never removes a bot from its cohort, for any steps, bots and widening', () => {
  const scope = fc.constantFrom(NCR, 'region:VA', ALL_REGIONS)
  const ramps = fc.array(fc.record({ share: fc.integer({ min: 1, max: 10_000 }), scope, scopeName: scope }), { minLength: 2, maxLength: 6 })
  const bots = fc.array(fc.record({ bot: fc.stringMatching(/^[a-z0-9]{1,8}$/), region: fc.constantFrom('NCR', 'VA', 'MD') }), {
    maxLength: 12,
  })
  const isIn = (canary: Canary, { bot, region }: { bot: string; region: string }): boolean =>
    headsOf(canary).some((head) => scopeCovers(head.scope as Scope, { region }) && inShare(bucketOf(POLICY, bot), head.share))
  fc.assert(
    fc.property(ramps, bots, (steps, fleet) => {
      fc.pre(rampProblem(steps) === undefined)
      const scenario = new RampScenario(steps)
      let had: string[] = []
      for (let step = 0; step < steps.length; step++) {
        // Stored once, and again if the share had to be widened.
        for (let round = 0; round < 2 && scenario.canary.state === 'publishing'; round++) {
          const there = fleet.filter((bot) => scopeCovers(scenario.canary.scope as Scope, bot))
          const buckets = there.map(({ bot }) => bucketOf(POLICY, bot))
          const cohort = buckets.filter((bucket) => inShare(bucket, scenario.canary.members[0]!.share)).length
          scenario.stored(there.length, cohort, buckets.length === 0 ? null : Math.min(...buckets))
        }
        const now = fleet.filter((bot) => isIn(scenario.canary, bot)).map(({ bot }) => bot)
        expect(now).toEqual(expect.arrayContaining(had))
        had = now
        scenario.input(decisionReceived('pause', 'canary')).input(decisionReceived('promote', 'canary')).mayGrow()
      }
      expect(scenario.canary.state).toBe('passed')
    }),
  )
})
