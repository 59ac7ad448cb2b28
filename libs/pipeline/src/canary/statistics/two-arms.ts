import { betaIncomplete, lnBeta, lnBetaIncomplete } from './special-functions.js'

/**
 * Counts of two arms at the same time (Lindon and Malek, NeurIPS 2022): of `total` events `canary` fell into an arm that had `share` of the
 * exposure. What changes the rate of both arms cancels out, and no expectation has to be known. Holds at every look.
 */
export interface ArmCounts {
  canary: number
  total: number
  share: number
}

/** Weight of the prior, as if so many events had been seen at `share`. */
export const PRIOR_EVENTS = 20

/** ln of the evidence that events do not fall into the arms by their exposure, in either direction. */
export function lnSkewEvidence({ canary, total, share }: ArmCounts, prior = PRIOR_EVENTS): number {
  return lnMultinomialEvidence([canary, total - canary], [share, 1 - share], prior)
}

/** The same for any number of arms: `counts` of each, and `shares` that sum up to 1. */
export function lnMultinomialEvidence(counts: readonly number[], shares: readonly number[], prior: number): number {
  const before = shares.map((share) => prior * share)
  const after = before.map((weight, index) => weight + counts[index]!)
  const likelihood = counts.reduce((sum, count, index) => sum + count * Math.log(shares[index]!), 0)
  return lnDirichlet(after) - lnDirichlet(before) - likelihood
}

/**
 * Evidence that the canary has more than its share: the prior is cut off at `share`. Falls when `share` is taken too large. In logarithms:
 * with far fewer than its share a factor overflows and another is 0, though the evidence is small.
 */
export function shareEvidence({ canary, total, share }: ArmCounts, prior = PRIOR_EVENTS): number {
  const [a, b] = [prior * share, prior * (1 - share)]
  const lnAfter = lnBetaIncomplete(1 - share, b + total - canary, a + canary)
  const lnBefore = lnBetaIncomplete(1 - share, b, a)
  return Math.exp(lnSkewEvidence({ canary, total, share }, prior) + lnAfter - lnBefore)
}

/** Share of the events that falls to the canary where its rate is `ratio` times the other's. */
export function shareAtRatio(share: number, ratio: number): number {
  return (ratio * share) / (ratio * share + 1 - share)
}

/** ln of the likelihood of `from` over that of `to` as the canary's share of the events. */
export function lnShareRatio({ canary, total }: Pick<ArmCounts, 'canary' | 'total'>, from: number, to: number): number {
  return canary * Math.log(from / to) + (total - canary) * Math.log((1 - from) / (1 - to))
}

/** Whether a rate `ratio` times the control group's or more is excluded with an error of `beta` at most, at any look. */
export function excludesRatioOfArms({ share, ...counts }: ArmCounts, { ratio, beta }: { ratio: number; beta: number }): boolean {
  return lnShareRatio(counts, share, shareAtRatio(share, ratio)) >= Math.log(1 / beta)
}

/**
 * Chance of `canary` or more of `total` events in an arm with that share of the exposure, at the end and looked at once (the conditional
 * binomial test of two Poisson rates). For the report; it decides nothing, since looking again and again spoils it.
 */
export function chanceOfAtLeast({ canary, total, share }: ArmCounts): number {
  return canary === 0 ? 1 : betaIncomplete(share, canary, total - canary + 1)
}

function lnDirichlet(weights: readonly number[]): number {
  return weights
    .slice(1)
    .reduce(({ sum, ln }, weight) => ({ sum: sum + weight, ln: ln + lnBeta(sum, weight) }), { sum: weights[0]!, ln: 0 }).ln
}
