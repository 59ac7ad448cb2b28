/**
 * Tests counts of one arm against an expectation μ known beforehand: a budget, or a replay. All results are valid at every look, so the
 * number of looks need not be fixed in advance.
 */

/**
 * Evidence that the rate is above the expected one, for `count` events where `expected` (μ) were expected: the likelihood ratio mixed over
 * rate ratios r > 1 with weight e^-(r-1). Under a ratio of 1 or less it reaches 1/α with probability at most α, over all looks together
 * (Ville's inequality).
 */
export function excessEvidence(count: number, expected: number): number {
  let evidence = 1 / (1 + expected)
  for (let k = 1; k <= count; k++) evidence = (1 + k * evidence) / (1 + expected)
  return evidence
}

/** ln of the likelihood of rate ratio `ratio` over that of 1 (Wald's sequential test for Poisson counts). */
export function lnRateRatio(count: number, expected: number, ratio: number): number {
  return count * Math.log(ratio) - expected * (ratio - 1)
}

/** Probability that a guard of two stops a canary by `expected` (μ) when the rate is `ratio` times the expected one. */
export function powerOfGuard(expected: number, ratio: number): number {
  const mean = expected * ratio
  return -Math.expm1(-mean + Math.log1p(mean))
}
