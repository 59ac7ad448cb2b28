import { describe, expect, it } from 'vitest'
import { MAX_COUNTED } from '../canary.js'
import { betaIncomplete, lnBetaIncomplete, lnGamma } from './special-functions.js'
import { chanceOfAtLeast, lnMultinomialEvidence, lnShareRatio, lnSkewEvidence, shareAtRatio, shareEvidence } from './two-arms.js'

const SHARE = 0.05
const BETA = 0.1

describe('evidence that counts do not follow the exposure', () => {
  it('equals the published example of two arms at its stopping time', () => {
    expect(Math.exp(-lnMultinomialEvidence([148, 62], [0.8, 0.2], 100))).toBeCloseTo(0.045579631759, 12)
    expect(Math.exp(-lnSkewEvidence({ canary: 62, total: 210, share: 0.2 }, 100))).toBeCloseTo(0.045579631759, 12)
  })

  it('equals the published example of three arms', () => {
    expect(Math.exp(-lnMultinomialEvidence([40, 129, 233], [0.1, 0.4, 0.5], 100))).toBeCloseTo(0.04845591106, 12)
  })
})

describe('evidence that a canary has more than its share', () => {
  it.each([
    [3, 3, 13.461039],
    [4, 10, 18.206433],
    [5, 20, 17.547129],
    [12, 100, 18.415244],
  ])('for %i of %i events at 5 %% is %d', (canary, total, evidence) => {
    expect(shareEvidence({ canary, total, share: SHARE })).toBeCloseTo(evidence, 6)
  })

  it('checked after each of 500 events fails sound canaries and doubled ones with the exact probabilities', () => {
    const bounds = Array.from({ length: 501 }, (_, total) => fewestThatFail(total))
    expect(failing(bounds, SHARE)).toBeCloseTo(0.0234, 4)
    expect(failing(bounds, shareAtRatio(SHARE, 2))).toBeCloseTo(0.929, 3)
  })

  it('is smaller for a larger share, so that an upper bound of the share never fails a sound canary more often', () => {
    for (const [canary, total] of [
      [3, 3],
      [5, 20],
      [12, 100],
    ] as const) {
      const evidence = [0.05, 0.06, 0.1].map((share) => shareEvidence({ canary, total, share }))
      expect(evidence).toEqual([...evidence].sort((a, z) => z - a))
    }
  })
})

describe('evidence of a canary with at most its share', () => {
  it.each([
    [0.4, 1_462],
    [0.5, 1_087],
    [0.75, 555],
    [0.9, 337],
    [0.95, 260],
    [0.5, MAX_COUNTED],
  ])('at %d of the exposure is small and finite after %i events of the control group alone', (share, total) => {
    const evidence = shareEvidence({ canary: 0, total, share })
    expect(evidence).toBeGreaterThan(0)
    expect(evidence).toBeLessThan(0.05)
  })

  it('is at most 1 for every share, because each likelihood ratio in it is', () => {
    const totals = [1, 2, 10, 100, 333, 999, 1_500, MAX_COUNTED]
    const shares = [1, 10, 500, 2_500, 4_000, 5_000, 7_500, 9_000, 9_500, 9_900, 9_999].map((points) => points / 10_000)
    for (const total of totals)
      for (const share of shares)
        for (const part of [0, 0.1, 0.5, 0.9, 1]) {
          const canary = Math.floor(total * share * part)
          const evidence = shareEvidence({ canary, total, share })
          expect(evidence, `${canary} of ${total} at ${share}`).toBeGreaterThan(0)
          expect(evidence, `${canary} of ${total} at ${share}`).toBeLessThanOrEqual(1)
        }
  })
})

describe('a multiple of the control group’s rate', () => {
  it.each([
    [2, 0, 48],
    [2, 1, 62],
    [3, 0, 25],
    [3, 1, 36],
  ])('of %i is excluded with %i events of the canary from %i events on', (ratio, canary, total) => {
    const doubled = shareAtRatio(SHARE, ratio)
    expect(lnShareRatio({ canary, total }, SHARE, doubled)).toBeGreaterThanOrEqual(Math.log(1 / BETA))
    expect(lnShareRatio({ canary, total: total - 1 }, SHARE, doubled)).toBeLessThan(Math.log(1 / BETA))
  })

  it('is 9.5 % of the events at 5 % of the exposure, doubled', () => {
    expect(shareAtRatio(SHARE, 2)).toBeCloseTo(0.095238, 6)
  })

  it('has the likelihood of the binomial plan in the NIST handbook 6.2.6', () => {
    const [accept, reject] = [Math.log(0.1 / 0.95), Math.log(0.9 / 0.05)]
    const of = (bad: number, total: number): number => lnShareRatio({ canary: bad, total }, 0.1, 0.01)
    // The lines cross zero defects at 24 items, and three defects of the first items reject.
    expect([of(0, 24) <= accept, of(0, 23) <= accept]).toEqual([true, false])
    expect([of(3, 24) >= reject, of(2, 24) >= reject]).toEqual([true, false])
    const slope = Math.log(0.99 / 0.9) / (Math.log(10) + Math.log(0.99 / 0.9))
    const perDefect = Math.log(10) + Math.log(0.99 / 0.9)
    expect([accept / perDefect, reject / perDefect, slope]).toEqual([
      expect.closeTo(-0.939, 3),
      expect.closeTo(1.205, 3),
      expect.closeTo(0.0397, 4),
    ])
  })
})

describe('the chance of a split at the end of the window', () => {
  it('equals the published examples of two Poisson rates', () => {
    const share = (of: number, other: number, ratio = 1): number => (of * ratio) / (of * ratio + other)
    expect(chanceOfAtLeast({ canary: 60, total: 90, share: share(51_477.5, 54_308.7) })).toBeCloseTo(0.000428, 6)
    expect(chanceOfAtLeast({ canary: 41, total: 56, share: share(28_010, 19_017, 1.5) })).toBeCloseTo(0.29145, 5)
    const example = { canary: 60, total: 90, share: share(51_477.5, 54_308.7) }
    const middle = (chanceOfAtLeast(example) + chanceOfAtLeast({ ...example, canary: 61 })) / 2
    expect(middle).toBeCloseTo(0.00031, 6)
  })

  it('of R’s example of 11 in 800 against 21 in 3,011 is 8 % on both sides', () => {
    const share = 800 / 3_811
    const upper = chanceOfAtLeast({ canary: 11, total: 32, share })
    const exactly = (canary: number): number =>
      chanceOfAtLeast({ canary, total: 32, share }) - chanceOfAtLeast({ canary: canary + 1, total: 32, share })
    const lower = Array.from({ length: 7 }, (_, canary) => exactly(canary)).filter((chance) => chance <= exactly(11))
    expect(upper + lower.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(0.07967, 4)
    expect(11 / 800 / (21 / 3_011)).toBeCloseTo(1.971488, 6)
  })

  it('shows a regression on a clean baseline: 0 in 10 against 5 in 10', () => {
    expect(chanceOfAtLeast({ canary: 5, total: 5, share: 0.5 })).toBeCloseTo(0.03125, 12)
    expect(chanceOfAtLeast({ canary: 0, total: 5, share: 0.5 })).toBe(1)
  })
})

describe('the special functions', () => {
  it('agree with known values', () => {
    expect(lnGamma(1)).toBeCloseTo(0, 13)
    expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 13)
    expect(lnGamma(11)).toBeCloseTo(Math.log(3_628_800), 12)
    expect(lnGamma(0.1)).toBeCloseTo(2.252712651734206, 12)
    expect(betaIncomplete(0.25, 1, 1)).toBeCloseTo(0.25, 14)
    expect(betaIncomplete(0.5, 7, 7)).toBeCloseTo(0.5, 13)
    expect(betaIncomplete(0.9, 2, 3)).toBeCloseTo(0.9963, 12)
    expect([betaIncomplete(0, 2, 3), betaIncomplete(1, 2, 3)]).toEqual([0, 1])
    expect(lnBetaIncomplete(0.9, 2, 3)).toBeCloseTo(Math.log(0.9963), 12)
    // I_x(a, 1) is x^a, which underflows from here on.
    expect(lnBetaIncomplete(0.1, 1_000, 1)).toBeCloseTo(1_000 * Math.log(0.1), 8)
  })
})

function fewestThatFail(total: number): number {
  for (let canary = 0; canary <= total; canary++) if (shareEvidence({ canary, total, share: SHARE }) >= 20) return canary
  return total + 1
}

/** Exact probability that the bound is reached at some total, with `share` of the events in the canary. */
function failing(bounds: readonly number[], share: number): number {
  let [chances, failed] = [[1], 0]
  for (const bound of bounds.slice(1)) {
    const next = Array.from(
      { length: chances.length + 1 },
      (_, canary) => (chances[canary] ?? 0) * (1 - share) + (chances[canary - 1] ?? 0) * share,
    )
    failed += next.slice(bound).reduce((sum, chance) => sum + chance, 0)
    chances = next.slice(0, bound)
  }
  return failed
}
