import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_REGIONS, describeRampShare, isSameRamp, parseRamp, rampProblem, type RampShare } from '../index.js'

const NCR = 'region:NCR'

describe('a ramp', () => {
  it('is parsed into its steps before the full rollout', () => {
    const steps = [
      { share: 500, scope: NCR },
      { share: 10_000, scope: NCR },
      { share: 2_500, scope: ALL_REGIONS },
    ]
    expect(parseRamp('5% NCR, 100% NCR, 25%, 100%')).toEqual({ ok: true, steps })
    expect(parseRamp('0.05 region:NCR,1 NCR,0.25,1')).toEqual({ ok: true, steps })
    expect(`${steps.map(describeRampShare).join(', ')}, 100%`).toBe('5% NCR, 100% NCR, 25%, 100%')
  })

  it.each([
    ['', /step 1, "", is not a step/],
    ['5% NCR, , 100%', /step 2, "", is not a step/],
    ['5% of NCR, 100%', /is not a step/],
    ['500% NCR, 100%', /step 1: 500% is more than 100%/],
    ['5% NCR', /the last step must be the full rollout/],
    ['5% NCR, 100% NCR', /the last step must be the full rollout/],
    ['100%', /a ramp needs at least one step before the full rollout/],
    ['5% NCR, 5% NCR, 100%', /step 2, 5% NCR, is not more than step 1: a cohort only grows/],
    ['25%, 10%, 100%', /step 2, 10%, is not more than step 1/],
    ['25%, 50% NCR, 100%', /step 2, 50% NCR, comes after a step of all regions/],
    [`${Array.from({ length: 10 }, (_, index) => `${index + 1}% NCR`).join(', ')}, 100%`, /10 steps before the rollout, 9 at most/],
  ])('is refused with its reason: %s', (text, reason) => {
    expect(parseRamp(text)).toMatchObject({ ok: false, code: 'HMS_RAMP_INVALID', message: expect.stringMatching(reason) as string })
  })

  it('equals only a ramp with equal steps', () => {
    const [step, other] = [
      { share: 500, scope: NCR },
      { share: 600, scope: NCR },
    ]
    expect([isSameRamp([step], [step]), isSameRamp([step], [other]), isSameRamp([step], [step, other])]).toEqual([true, false, false])
  })
})

it('a valid ramp never takes the release from a reader who had it', () => {
  const step = fc.record({ share: fc.integer({ min: 1, max: 10_000 }), scope: fc.constantFrom(NCR, 'region:VA', ALL_REGIONS) })
  const covers = (steps: readonly RampShare[], bucket: number, region: string): boolean => {
    const newest = new Map(steps.map(({ share, scope }) => [scope, share]))
    return bucket < Math.max(newest.get(`region:${region}`) ?? 0, newest.get(ALL_REGIONS) ?? 0)
  }
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 0, max: 9_999 }),
      fc.constantFrom('NCR', 'VA'),
      (steps, bucket, region) => {
        fc.pre(rampProblem(steps) === undefined)
        const had = steps.map((_step, index) => covers(steps.slice(0, index + 1), bucket, region))
        expect(had.toSorted()).toEqual(had)
      },
    ),
  )
})
