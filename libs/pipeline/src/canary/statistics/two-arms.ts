import { betaIncomplete, lnBeta, lnBetaIncomplete } from './special-functions.js'

/**
 * Event counts of two arms over the same time: `canary` of the `total` events are in the arm with `share` of the exposure. Influences on
 * both arms cancel out, so no expectation has to be known. The tests are valid at every look (Lindon and Malek, NeurIPS 2022).
 */
export interface ArmCounts {
  canary: number
  total: number
  share: number
}

/** Weight of the prior: it equals this number of events observed at `share`. */
export const PRIOR_EVENTS = 20

/** ln of the evidence that the events are not distributed by exposure, in either direction. */
export function lnSkewEvidence({ canary, total, share }: ArmCounts, prior = PRIOR_EVENTS): number {
  return lnMultinomialEvidence([canary, total - canary], [share, 1 - share], prior)
}

/** Generalises `lnSkewEvidence` to any number of arms: `counts` per arm, and `shares` with sum 1. */
export function lnMultinomialEvidence(counts: readonly number[], shares: readonly number[], prior: number): number {
  const before = shares.map((share) => prior * share)
  const after = before.map((weight, index) => weight + counts[index]!)
  const likelihood = counts.reduce((sum, count, index) => sum + count * Math.log(shares[index]!), 0)
  return lnDirichlet(after) - lnDirichlet(before) - likelihood
}

/**
 * Evidence that the canary has more events than its share, by a prior truncated at `share`; too large a `share` decreases the evidence.
 * Computed in logarithms: with far fewer events than the share one factor overflows and another is 0, though the evidence is small.
 */
export function shareEvidence({ canary, total, share }: ArmCounts, prior = PRIOR_EVENTS): number {
  const [a, b] = [prior * share, prior * (1 - share)]
  const lnAfter = lnBetaIncomplete(1 - share, b + total - canary, a + canary)
  const lnBefore = lnBetaIncomplete(1 - share, b, a)
  return Math.exp(lnSkewEvidence({ canary, total, share }, prior) + lnAfter - lnBefore)
}

/** Canary's share of the events if its rate is `ratio` times the other arm's. */
export function shareAtRatio(share: number, ratio: number): number {
  return (ratio * share) / (ratio * share + 1 - share)
}

/** ln of the likelihood ratio of `from` to `to` as the canary's share of the events. */
export function lnShareRatio({ canary, total }: Pick<ArmCounts, 'canary' | 'total'>, from: number, to: number): number {
  return canary * Math.log(from / to) + (total - canary) * Math.log((1 - from) / (1 - to))
}

/**
 * Probability of `canary` or more of `total` events in an arm with `share` of the exposure, at equal rates (conditional binomial test of
 * two Poisson rates). Valid for one look only, so it is reported and decides nothing.
 */
export function chanceOfAtLeast({ canary, total, share }: ArmCounts): number {
  return canary === 0 ? 1 : betaIncomplete(share, canary, total - canary + 1)
}

function lnDirichlet(weights: readonly number[]): number {
  return weights
    .slice(1)
    .reduce(({ sum, ln }, weight) => ({ sum: sum + weight, ln: ln + lnBeta(sum, weight) }), { sum: weights[0]!, ln: 0 }).ln
}
