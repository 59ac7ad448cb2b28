import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_REGIONS, bucketOf, inShare, rampProblem, scopeCovers, type Scope } from '#libs/policy'
import { FREEZE, NCR, RampStory, STEPS } from '../testing/ramp-story.js'
import { asked, NOW, POLICY } from '../testing/samples.js'
import { canaryLabel, type Canary } from './canary.js'
import { headsOf, numbersOf } from './members.js'
import { claimedScopes, scopesAhead, shownScopes } from './plan-steps.js'

describe('given a ramp whose first step is observed', () => {
  const observing = (): RampStory => new RampStory().stored(40, 2).covered({ [NCR]: [2, 2, 38] })

  it('when the observation ends, then the step passes with requested share and bot counts, and a timer starts the next step', () => {
    const story = observing().due('observe')
    expect(story.canary.state).toBe('growing')
    expect(story.effects).toEqual([
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
    const story = observing().due('observe').mayGrow()
    expect(story.canary).toMatchObject({ state: 'publishing', step: 1, requestedShare: 10_000, scope: NCR, observed: false })
    expect(story.kinds()).toEqual(['issueHeads', 'schedule', 'hms.canary.started.v1'])
    expect(story.effects[2]).toMatchObject({ data: { step: 2 } })
    expect(canaryLabel(story.canary)).toBe('Canary 100% traffic (NCR), step 2 of 3')
  })

  it('when the timer fires twice, then the step starts once', () => {
    const story = observing().due('observe').mayGrow()
    const { canary } = story
    expect(story.mayGrow().canary).toBe(canary)
    expect(story.effects).toEqual([])
  })

  it('when a freeze blocks the scope of the next step, then it waits, keeps its cohort, and grows when the freeze ends', () => {
    const story = observing().due('observe').mayGrow(FREEZE)
    expect([story.canary.state, story.kinds()]).toEqual(['growing', ['hms.canary.delayed.v1']])
    expect(story.due('lease').kinds()).toEqual(['issueHeads', 'schedule'])
    expect(story.input({ type: 'freezeChanged', frozen: null }).canary).toMatchObject({ state: 'publishing', step: 1 })
  })

  it('when a bot is silent, then it pauses and names the bot instead of growing', () => {
    const story = new RampStory()
      .stored(40, 2)
      .covered({ [NCR]: [2, 1, 38] })
      .due('acknowledge')
    expect(story.canary.state).toBe('paused')
    expect(story.effects.at(-1)).toMatchObject({ data: { reason: 'ACK_TIMEOUT' } })
    expect(story.mayGrow().effects).toEqual([])
    const joined = observing()
      .covered({ [NCR]: [3, 2, 38] })
      .due('observe')
    expect([joined.canary.state, joined.kinds()]).toEqual(['observing', ['schedule']])
  })

  it('when a person promotes it, then the next step follows, not the rollout', () => {
    const story = observing().input(asked('promote', 'canary'))
    expect([story.canary.state, story.kinds()]).toEqual(['growing', ['answer', 'cancel', 'hms.canary.step-passed.v1', 'schedule']])
    expect(story.canary.passed).toMatchObject([{ basis: 'promoted' }])
  })

  it('when a person signed the promotion before the step began, then it is late, because it is about an earlier step', () => {
    const story = observing()
      .due('observe')
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
    const signedAt = new Date(NOW.getTime() - 1).toISOString()
    story.input({ ...asked('promote', 'canary'), signedAt })
    expect([story.canary.state, story.canary.passed?.length]).toEqual(['observing', 1])
    expect(story.effects).toEqual([
      expect.objectContaining({ do: 'answer', outcome: 'late', detail: 'the canary has come to step 2 since that was signed' }),
    ])
    story.input({ ...asked('promote', 'canary'), signedAt: NOW.toISOString() })
    expect([story.canary.state, story.canary.passed?.length]).toEqual(['growing', 2])
  })

  it('when a person pauses it before the next step begins, then it pauses, and resumes at the current step', () => {
    const story = observing().due('observe').mayGrow(FREEZE).input(asked('pause', 'canary'))
    expect(story.canary.state).toBe('paused')
    expect(story.input(asked('resume', 'canary')).canary).toMatchObject({ state: 'publishing', requestedShare: 500 })
  })

  it('when that step passes again, then it is listed once', () => {
    const story = observing().due('observe').mayGrow(FREEZE).input(asked('pause', 'canary')).input(asked('resume', 'canary'))
    story
      .input({ type: 'freezeChanged', frozen: null })
      .stored(40, 2)
      .covered({ [NCR]: [2, 2, 38] })
      .due('observe')
    expect([story.canary.state, story.canary.passed?.map(({ step }) => step)]).toEqual(['growing', [1]])
    story.input(asked('pause', 'canary')).input(asked('promote', 'canary'))
    expect(story.canary.passed).toMatchObject([{ step: 1, basis: 'promoted' }])
  })

  it('when its share was widened, then a later step never has a smaller one', () => {
    const steps = [STEPS[0]!, { ...STEPS[0]!, share: 700 }]
    const story = new RampStory(steps)
      .stored(3, 0, 811)
      .stored(3, 1)
      .covered({ [NCR]: [1, 1, 2] })
      .due('observe')
      .mayGrow()
    expect(story.canary).toMatchObject({ requestedShare: 700, members: [{ share: 812 }] })
    expect(story.canary.passed).toMatchObject([{ requestedShare: 500, realisedShare: 812 }])
  })
})

describe('given a ramp at its step of all regions', () => {
  it('when its heads are issued, then the heads of the region stay', () => {
    const { canary } = new RampStory().atThird()
    expect(headsOf(canary).map(({ scope, share }) => [scope, share])).toEqual([
      [NCR, 10_000],
      [ALL_REGIONS, 2_500],
    ])
    expect([shownScopes(canary), claimedScopes(canary)]).toEqual([
      [ALL_REGIONS, NCR],
      [ALL_REGIONS, NCR],
    ])
  })

  it('when bots are counted, then each counts in one scope, and a silent bot in any scope blocks the step', () => {
    const story = new RampStory().atThird().stored(40, 12)
    story.covered({ [NCR]: [3, 3], [ALL_REGIONS]: [9, 8, 28] })
    expect(numbersOf(story.canary)).toMatchObject([{ expected: 12, acknowledged: 11 }])
    expect(story.canary.state).toBe('publishing')
    story.covered({ [NCR]: [3, 3], [ALL_REGIONS]: [9, 9, 28] })
    expect(story.canary.state).toBe('observing')
    expect(story.canary.watch?.bots).toEqual([{ policy: POLICY, cohort: 12, connected: 40 }])
  })

  it('when no new bot is below the share, then bots of the earlier step are its evidence', () => {
    const story = new RampStory()
      .atThird()
      .stored(40, 3)
      .covered({ [NCR]: [4, 4], [ALL_REGIONS]: [0, 0, 36] })
    expect(story.canary.state).toBe('observing')
  })

  it('when its bots acknowledge before the report of its heads arrives, then no bot counts twice', () => {
    const story = new RampStory().atThird().covered({ [NCR]: [3, 3], [ALL_REGIONS]: [9, 9, 28] })
    expect(story.canary.state).toBe('publishing')
    story.stored(40, 12)
    expect(numbersOf(story.canary)).toMatchObject([{ expected: 12, acknowledged: 12 }])
    expect(story.canary.state).toBe('observing')
    const nobodyNew = new RampStory().atThird().covered({ [NCR]: [4, 4], [ALL_REGIONS]: [0, 0, 36] })
    expect(nobodyNew.stored(40, 3).canary.state).toBe('observing')
  })

  it('when the last step ends, then the canary passes with all steps, on their weakest basis', () => {
    const story = new RampStory()
      .stored(40, 2)
      .covered({ [NCR]: [2, 2, 38] })
      .input(asked('promote', 'canary'))
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
      .due('observe')
      .mayGrow()
      .stored(40, 12)
      .covered({ [NCR]: [3, 3], [ALL_REGIONS]: [9, 9, 28] })
      .due('observe')
    expect(story.canary.state).toBe('passed')
    expect(story.effects.at(-1)).toMatchObject({ do: 'pass', basis: 'promoted' })
    expect(story.canary.passed?.map(({ step, cohort }) => [step, cohort])).toEqual([
      [1, 2],
      [2, 4],
      [3, 12],
    ])
  })

  it('when two bots of any steps alert, then the whole run is taken back', () => {
    const alert = { alert: 'a', reading: 'r', reason: '', connected: true, explained: false, receivedAt: NOW.toISOString() }
    const story = new RampStory().stored(40, 2).covered({ [NCR]: [2, 2, 38] })
    story.input({ type: 'alerted', alert: { ...alert, bot: 'bot-1', once: 'bot-1 r' } })
    story
      .due('observe')
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
    story.input({ type: 'alerted', alert: { ...alert, bot: 'bot-2', once: 'bot-2 r' } })
    expect([story.canary.state, story.kinds()]).toEqual(['failed', ['takeBack', 'cancel', 'fail', 'freeRegions']])
  })

  it('when it is aborted while it grows, then it is taken back', () => {
    const story = new RampStory()
      .stored(40, 2)
      .covered({ [NCR]: [2, 2, 38] })
      .due('observe')
      .input(asked('abort', 'canary'))
    expect([story.canary.state, story.kinds()]).toEqual(['ended', ['answer', 'takeBack', 'cancel', 'freeRegions']])
  })

  it("when it grows, then freezes of the next step's scope block it", () => {
    const story = new RampStory().stored(40, 2).covered({ [NCR]: [2, 2, 38] })
    expect(scopesAhead(story.canary)).toEqual([NCR])
    story
      .due('observe')
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
      .due('observe')
    expect(scopesAhead(story.canary)).toEqual([NCR, ALL_REGIONS])
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
      const story = new RampStory(steps)
      let had: string[] = []
      for (let step = 0; step < steps.length; step++) {
        // Stored once, and again if the share had to be widened.
        for (let round = 0; round < 2 && story.canary.state === 'publishing'; round++) {
          const there = fleet.filter((bot) => scopeCovers(story.canary.scope as Scope, bot))
          const buckets = there.map(({ bot }) => bucketOf(POLICY, bot))
          const cohort = buckets.filter((bucket) => inShare(bucket, story.canary.members[0]!.share)).length
          story.stored(there.length, cohort, buckets.length === 0 ? null : Math.min(...buckets))
        }
        const now = fleet.filter((bot) => isIn(story.canary, bot)).map(({ bot }) => bot)
        expect(now).toEqual(expect.arrayContaining(had))
        had = now
        story.input(asked('pause', 'canary')).input(asked('promote', 'canary')).mayGrow()
      }
      expect(story.canary.state).toBe('passed')
    }),
  )
})
