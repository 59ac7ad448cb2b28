/** Sequential tests of one arm's counts against an expectation μ known beforehand. Valid at every look, however many there are. */

/**
 * Evidence that the true mean of `count` is above `expected` (μ): the likelihood ratio mixed over rate ratios r > 1 with weight e^-(r-1).
 * If the true ratio is 1 or less, the evidence reaches 1/α with probability at most α, over all looks together (Ville's inequality).
 */
export function excessEvidence(count: number, expected: number): number {
  let evidence = 1 / (1 + expected)
  for (let k = 1; k <= count; k++) evidence = (1 + k * evidence) / (1 + expected)
  return evidence
}

/** ln of the likelihood ratio of rate ratio `ratio` to rate ratio 1 (Wald's sequential test for Poisson counts). */
export function lnRateRatio(count: number, expected: number, ratio: number): number {
  return count * Math.log(ratio) - expected * (ratio - 1)
}

/** Power of the rule that two events end a canary: probability of two or more if the true mean is `ratio` times the `expected` one (μ). */
export function powerOfTwoEvents(expected: number, ratio: number): number {
  const mean = expected * ratio
  return -Math.expm1(-mean + Math.log1p(mean))
}
