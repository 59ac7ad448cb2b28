import { describe, expect, it } from 'vitest'
import { describeRules } from './show.js'

describe('describeRules', () => {
  it('describes the rules, and returns nothing if there are none', () => {
    const bounds = { minObserveMs: 300_000, minBakeMs: 1_500, maxShare: 2_500, requireEvidence: true, requirePower: true }
    expect(describeRules({ bounds, soleOfficial: true, authorSigns: false })).toEqual([
      'plans: observe at least 300 s, bake at least 1.5 s, canary at most 25%, not without evidence, not on low power',
      'sole official: the author may be the one who approves, where one is enough',
      'the author need not sign their own release',
    ])
    expect(describeRules({ soleOfficial: false })).toEqual([])
  })
})
