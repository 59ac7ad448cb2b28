/**
 * Exact and simulated error probabilities of sequential tests on Poisson counts that are checked after every event. For tests and benches.
 */

/**
 * Probability that a Poisson process with `rate` crosses the boundary: for some k ≥ `first`, the k-th event occurs no later than
 * `min(bounds(k), horizon)`. `bounds` must increase in k.
 */
export function crossingProbability(
  bounds: (k: number) => number,
  { horizon, rate, first }: { horizon: number; rate: number; first: number },
): number {
  // The k-th event occurs after its bound if and only if fewer than k events occurred by the bound.
  let [inside, at, k] = [[1], 0, first]
  for (; bounds(k) < horizon; k++) {
    if (bounds(k) <= at) inside = inside.slice(0, k)
    else [inside, at] = [convolveWithPoisson(inside, rate * (bounds(k) - at)).slice(0, k), bounds(k)]
  }
  return (
    1 -
    convolveWithPoisson(inside, rate * (horizon - at))
      .slice(0, k)
      .reduce((sum, chance) => sum + chance, 0)
  )
}

function convolveWithPoisson(chances: readonly number[], mean: number): number[] {
  const size = chances.length + 60 + Math.ceil(10 * Math.sqrt(mean) + mean)
  const steps = Array.from({ length: size }, () => 0)
  steps[0] = Math.exp(-mean)
  for (let k = 1; k < size; k++) steps[k] = (steps[k - 1]! * mean) / k
  return steps.map((_, total) => chances.reduce((sum, chance, before) => sum + (total < before ? 0 : chance * steps[total - before]!), 0))
}

/** Bisects for the largest value in `[0, max]` for which `predicate` is true. It must be true below a threshold and false above it. */
export function largestThat(predicate: (value: number) => boolean, max: number): number {
  let [low, high] = [0, max]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (predicate(middle)) low = middle
    else high = middle
  }
  return low
}

/** Returns numbers in (0, 1], reproducible by seed (mulberry32). */
export function seededChances(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 1) / 4_294_967_296
  }
}

export interface OutcomeShares {
  pass: number
  fail: number
  inconclusive: number
}

/**
 * Returns the shares of `runs` simulated canaries that pass, fail or stay open by `horizon`. All exposure times are in expected events (μ).
 * `failsBy(k)`: latest time at which k events fail a canary. `passesAt(k)`: time from which a canary with k events passes.
 */
export function simulateLooks(
  { failsBy, passesAt }: { failsBy: (k: number) => number; passesAt: (k: number) => number },
  { rate, horizon, runs, seed }: { rate: number; horizon: number; runs: number; seed: number },
): OutcomeShares {
  const chance = seededChances(seed)
  const ends: OutcomeShares = { pass: 0, fail: 0, inconclusive: 0 }
  for (let run = 0; run < runs; run++) ends[oneRun(chance)]++
  return { pass: ends.pass / runs, fail: ends.fail / runs, inconclusive: ends.inconclusive / runs }

  function oneRun(next: () => number): keyof OutcomeShares {
    for (let k = 0, at = 0; ;) {
      const event = at - Math.log(next()) / rate
      if (Math.min(event, horizon) >= passesAt(k)) return 'pass'
      if (event > horizon) return 'inconclusive'
      ;[at, k] = [event, k + 1]
      if (at <= failsBy(k)) return 'fail'
    }
  }
}
