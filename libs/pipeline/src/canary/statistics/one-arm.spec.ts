import { describe, expect, it } from 'vitest'
import { crossingProbability, largestThat, simulateLooks } from '../../testing/poisson-looks.js'
import { excessEvidence, lnRateRatio, powerOfTwoEvents } from './one-arm.js'

const ALPHA = 0.05
const BETA = 0.1

/** Largest μ at which `k` events are evidence of 1/α. */
const failsBy = memo((k) => largestThat((expected) => excessEvidence(k, expected) >= 1 / ALPHA, 10 + 2 * k))
const passesAt = (k: number, ratio = 2): number => (Math.log(1 / BETA) + k * Math.log(ratio)) / (ratio - 1)

describe('evidence of an excess over what is expected', () => {
  it.each([
    [0, 0, 1],
    [1, 0.1, 1.735537],
    [2, 0.25, 3.104],
    [3, 0.4, 5.993336],
    [4, 1, 5.25],
    [5, 1, 13.625],
    [6, 1, 41.375],
    [8, 2, 40.988112],
  ])('of %i events with %d expected is %d', (count, expected, evidence) => {
    expect(excessEvidence(count, expected)).toBeCloseTo(evidence, 6)
  })

  it.each([
    [4, 0.3571],
    [5, 0.8233],
    [6, 1.3213],
    [7, 1.8455],
    [8, 2.3919],
    [9, 2.9574],
    [10, 3.5396],
  ])('%i events fail a canary up to an expectation of %d', (count, expected) => {
    expect(failsBy(count)).toBeCloseTo(expected, 4)
  })

  it('never reaches the limit with three events or fewer, for any expectation', () => {
    expect(excessEvidence(3, 0)).toBe(16)
  })

  it.each([
    [1, 0.01688],
    [2, 0.6199],
    [3, 0.9849],
  ])('checked after every event up to 10 expected ones fails a rate ratio of %i with the exact probability %d', (rate, probability) => {
    const exact = crossingProbability(failsBy, { horizon: 10, rate, first: 4 })
    expect(Math.abs(exact - probability)).toBeLessThan(0.0001)
  })
})

describe('rules that are invalid under repeated checks', () => {
  it('a limit of two events fails nearly every sound canary in time; the evidence does not', () => {
    const guard = crossingProbability((k) => (k < 2 ? 0 : Infinity), { horizon: 10, rate: 1, first: 1 })
    expect(guard).toBeGreaterThan(0.99)
    expect(crossingProbability(failsBy, { horizon: 10, rate: 1, first: 4 })).toBeLessThan(ALPHA)
  })

  it('a fixed test at the same level, checked after every event, fails sound canaries far more often than its level', () => {
    // Fewest events with a probability of at most 5 % at the expectation, as an analyst would test at a single look.
    const fixed = memo((k) => largestThat((expected) => chanceOfAtLeast(k, expected) <= ALPHA, 10 + 2 * k))
    expect(crossingProbability(fixed, { horizon: 5, rate: 1, first: 1 })).toBeGreaterThan(0.13)
  })
})

describe('a multiple of the expected rate', () => {
  it.each([
    [2, [2.3026, 2.9957, 3.6889, 4.382]],
    [3, [1.1513, 1.7006, 2.2499]],
  ])('of %i is excluded from an expectation on that depends on the count', (ratio, bounds) => {
    for (const [count, bound] of bounds.entries()) {
      expect(passesAt(count, ratio)).toBeCloseTo(bound, 4)
      expect(-lnRateRatio(count, passesAt(count, ratio) + 1e-9, ratio)).toBeGreaterThanOrEqual(Math.log(1 / BETA))
      expect(-lnRateRatio(count, passesAt(count, ratio) - 1e-4, ratio)).toBeLessThan(Math.log(1 / BETA))
    }
  })

  it('has the likelihood of Wald’s sequential test', () => {
    expect(lnRateRatio(6, 1.2, 2)).toBeCloseTo(2.958883, 6)
    expect(lnRateRatio(5, 1, 2)).toBeCloseTo(2.465736, 6)
    const [accept, reject] = [Math.log(BETA / (1 - ALPHA)), Math.log((1 - BETA) / ALPHA)]
    expect([reject, accept]).toEqual([expect.closeTo(2.8904, 4), expect.closeTo(-2.2513, 4)])
    expect(lnRateRatio(0, 2.2513, 2)).toBeCloseTo(accept, 4)
    expect(lnRateRatio(1, 2.9444, 2)).toBeCloseTo(accept, 4)
    expect(lnRateRatio(6, 1.2, 2)).toBeGreaterThan(reject)
    expect(lnRateRatio(5, 1, 2)).toBeLessThan(reject)
  })
})

describe('both tests over 40,000 simulated canaries each', () => {
  it.each([
    [1, { pass: 0.946, fail: 0.02, inconclusive: 0.034 }],
    [2, { pass: 0.095, fail: 0.851, inconclusive: 0.054 }],
    [3, { pass: 0.004, fail: 0.996, inconclusive: 0 }],
    [5, { pass: 0, fail: 1, inconclusive: 0 }],
  ])('have the expected shares at a rate ratio of %i', (rate, expected) => {
    const ends = simulateLooks({ failsBy, passesAt }, { rate, horizon: 20, runs: 40_000, seed: 7 })
    for (const end of ['pass', 'fail', 'inconclusive'] as const) expect(Math.abs(ends[end] - expected[end]), end).toBeLessThan(0.01)
    if (rate === 1) expect(ends.fail).toBeLessThan(ALPHA)
    if (rate === 2) expect(ends.pass).toBeLessThan(BETA + 0.005)
  })
})

describe('the guard of two', () => {
  it.each([
    [0.1, 0.0047, 0.0175],
    [0.3, 0.0369, 0.1219],
    [0.5, 0.0902, 0.2642],
    [1, 0.2642, 0.594],
  ])('at %d expected events stops a sound canary with probability %d, and one at twice the rate with %d', (expected, sound, doubled) => {
    expect(powerOfTwoEvents(expected, 1)).toBeCloseTo(sound, 4)
    expect(powerOfTwoEvents(expected, 2)).toBeCloseTo(doubled, 4)
  })
})

describe('the exact probabilities', () => {
  const lnMaxRatio = (k: number, expected: number): number => (k > expected ? k * Math.log(k / expected) - (k - expected) : 0)
  /** Published critical values of MaxSPRT for α = 0.05 (R package Sequential): horizon, fewest events, value. */
  it.each([
    [10, 1, 3.467952],
    [1, 1, 2.853937],
    [2, 1, 3.046977],
    [5, 1, 3.297183],
    [20, 1, 3.628123],
    [25, 1, 3.67632],
    [10, 3, 3.064248],
    [10, 4, 2.921561],
  ])('give MaxSPRT with horizon %i, %i events and critical value %d its published size', (horizon, first, critical) => {
    const bounds = memo((k) => largestThat((expected) => lnMaxRatio(k, expected) >= critical, k))
    expect(crossingProbability(bounds, { horizon, rate: 1, first })).toBeCloseTo(0.05, 6)
    if (horizon === 10 && first === 1) expect(crossingProbability(bounds, { horizon, rate: 2, first })).toBeCloseTo(0.685063, 5)
  })
})

/** Probability of `k` events or more if `expected` are expected. */
function chanceOfAtLeast(k: number, expected: number): number {
  let [term, below] = [Math.exp(-expected), 0]
  for (let count = 0; count < k; count++) {
    below += term
    term = (term * expected) / (count + 1)
  }
  return 1 - below
}

function memo(bound: (k: number) => number): (k: number) => number {
  const known = new Map<number, number>()
  return (k) => {
    if (!known.has(k)) known.set(k, bound(k))
    return known.get(k)!
  }
}
