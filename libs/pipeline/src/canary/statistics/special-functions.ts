/** Lanczos coefficients for g = 7; relative error of `lnGamma` below 1e-14 for x ≥ 0.5. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]
const MAX_STEPS = 10_000
const TINY = 1e-300

/** Natural logarithm of the gamma function, for x > 0. */
export function lnGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lnGamma(1 - x)
  const shifted = x - 1
  const t = shifted + 7.5
  const sum = LANCZOS.reduce((total, coefficient, index) => total + (index === 0 ? coefficient : coefficient / (shifted + index)), 0)
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum)
}

export function lnBeta(a: number, b: number): number {
  return lnGamma(a) + lnGamma(b) - lnGamma(a + b)
}

/** Regularised incomplete beta function I_x(a, b). */
export function betaIncomplete(x: number, a: number, b: number): number {
  return Math.exp(lnBetaIncomplete(x, a, b))
}

/** Natural logarithm of I_x(a, b), for values that underflow far below the mean. */
export function lnBetaIncomplete(x: number, a: number, b: number): number {
  if (x <= 0) return -Infinity
  if (x >= 1) return 0
  // The continued fraction converges fast only below the mean; above it, the symmetry I_x(a, b) = 1 − I_(1−x)(b, a) applies.
  return x > (a + 1) / (a + b + 2) ? Math.log1p(-Math.exp(lnTail(1 - x, b, a))) : lnTail(x, a, b)
}

/** ln I_x(a, b) below the mean, by its continued fraction (NIST DLMF 8.17.22, modified Lentz). */
function lnTail(x: number, a: number, b: number): number {
  const lnFront = a * Math.log(x) + b * Math.log1p(-x) - lnBeta(a, b) - Math.log(a)
  let [c, d] = [1, 1 / awayFromZero(1 - ((a + b) * x) / (a + 1))]
  let fraction = d
  for (let m = 1; m <= MAX_STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / awayFromZero(1 + even * d)
    c = awayFromZero(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / awayFromZero(1 + odd * d)
    c = awayFromZero(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return lnFront + Math.log(fraction)
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}
