import type { ScenarioConsequence } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { consequenceOf } from './consequence.js'

const VIRGINIA = { scenario: 's', corpus: 'virginia-2023', readings: 7703, from: '2023-01-01', to: '2023-12-31T23:00:00Z' }
const of = (
  before: number,
  newlyViolating: number,
  newlyCompliant: number,
  more: Partial<ScenarioConsequence> = {},
  live: string | null = 'sha256:1',
) => {
  const after = before + newlyViolating - newlyCompliant
  const scenario = { ...VIRGINIA, before, after, newlyViolating, newlyCompliant, ...more }
  const [consequence] = consequenceOf({
    policies: [{ policy: 'p', version: '1.0.0', digest: 'sha256:2', live }],
    corpora: [],
    reportDigest: '',
    scenarios: [scenario],
    at: '',
  })
  return consequence!
}
const LOST = 'have a verdict only under the version in force'
const WHERE = 'of virginia-2023 (2023-01-01 to 2023-12-31)'

describe('the consequence of a change', () => {
  it.each([
    [of(118, 131, 0), `131 more readings ${WHERE} would have been violations: 118 → 249 (1.7 % of 7,703)`],
    [of(118, 0, 20), `20 fewer readings ${WHERE} would have been violations: 118 → 98 (0.3 % of 7,703)`],
    [of(118, 1, 0), `1 more reading ${WHERE} would have been violations: 118 → 119 (< 0.1 % of 7,703)`],
    [of(118, 0, 0), `No reading ${WHERE} would have changed: 118 violations before and after (of 7,703)`],
    [of(118, 40, 12), `40 readings ${WHERE} would newly have been violations, 12 no longer: 118 → 146 (0.7 % of 7,703)`],
    [of(0, 1118, 0, {}, null), `1,118 readings ${WHERE} would have been violations (14.5 % of 7,703)`],
    [of(0, 0, 0, { readings: 0, from: '', to: '' }), 'No reading of virginia-2023 could be judged'],
    [
      of(118, 0, 0, { unjudged: 98 }),
      `No reading ${WHERE} would have changed: 118 violations before and after (of 7,703); 98 more could not be judged`,
    ],
    [
      of(118, 131, 0, { unjudged: 1_098, lost: 1_000 }),
      `131 more readings ${WHERE} would have been violations: 118 → 249 (1.7 % of 7,703); 98 more could not be judged; 1,000 more ${LOST}`,
    ],
    [of(2, 1, 0, { readings: 10, from: '', to: '' }), '1 more reading of virginia-2023 would have been violations: 2 → 3 (10.0 % of 10)'],
  ])('is one sentence', ({ sentence }, expected) => expect(sentence).toBe(expected))

  it.each([
    [of(118, 131, 0), false],
    [of(118, 770, 0), true],
    [of(7000, 770, 1, { readings: 7780 }), false],
    [of(118, 771, 0), true],
    [of(7000, 0, 771), true],
    [of(7000, 400, 371), true],
    [of(10, 39, 0), false],
    [of(10, 40, 0), true],
    [of(50, 0, 40), true],
    [of(50, 0, 39), false],
    [of(1, 0, 1), true],
    [of(0, 1, 0), true],
    [of(0, 0, 0), false],
    [of(5, 0, 0), false],
    [of(0, 100, 0, {}, null), false],
    [of(0, 771, 0, {}, null), true],
    [of(118, 0, 0, { lost: 855, unjudged: 855 }), false],
    [of(118, 0, 0, { lost: 856, unjudged: 856 }), true],
    [of(118, 0, 0, { unjudged: 7_000 }), false],
  ])('is large above a tenth of the readings, and at five times as many or a fifth of what was in force', ({ large }, expected) =>
    expect(large).toBe(expected),
  )
})
