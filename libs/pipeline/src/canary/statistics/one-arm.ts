/**
 * Counts of one arm against an expectation μ that was known before them: a budget, or a replay. All of it holds at every look, so nobody
 * has to say beforehand how often the canary is looked at.
 */

/**
 * Evidence that the rate is above what is expected, for `count` events where `expected` (μ) were: the likelihood ratio mixed over rate
 * ratios r > 1 with weight e^-(r-1). Under a ratio of 1 or less it reaches 1/α with probability α at most, over all looks together
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

/** Whether a rate `ratio` times the expected one or more is excluded with an error of `beta` at most, at any look. */
export function excludesRatio(count: number, expected: number, { ratio, beta }: { ratio: number; beta: number }): boolean {
  return -lnRateRatio(count, expected, ratio) >= Math.log(1 / beta)
}

/** Probability that a guard of two stops a canary by `expected` (μ) when the rate is `ratio` times the expected one. */
export function powerOfGuard(expected: number, ratio: number): number {
  const mean = expected * ratio
  return -Math.expm1(-mean + Math.log1p(mean))
}
