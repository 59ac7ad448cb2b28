/**
 * Exact and simulated error probabilities of sequential tests on Poisson counts that are checked after every event. For tests and benches.
 */

/** Probability at `rate` that any k-th event, k from `first` on, occurs by `bounds(k)` and by `horizon`. `bounds` increase with k. */
export function crossingProbability(
  bounds: (k: number) => number,
  { horizon, rate, first }: { horizon: number; rate: number; first: number },
): number {
  // The k-th event occurs after its bound if and only if fewer than k events occurred by the bound.
  let [inside, at, k] = [[1], 0, first]
  for (; bounds(k) < horizon; k++) {
    if (bounds(k) <= at) inside = inside.slice(0, k)
    else [inside, at] = [spread(inside, rate * (bounds(k) - at)).slice(0, k), bounds(k)]
  }
  return (
    1 -
    spread(inside, rate * (horizon - at))
      .slice(0, k)
      .reduce((sum, chance) => sum + chance, 0)
  )
}

function spread(chances: readonly number[], mean: number): number[] {
  const size = chances.length + 60 + Math.ceil(10 * Math.sqrt(mean) + mean)
  const steps = Array.from({ length: size }, () => 0)
  steps[0] = Math.exp(-mean)
  for (let k = 1; k < size; k++) steps[k] = (steps[k - 1]! * mean) / k
  return steps.map((_, total) => chances.reduce((sum, chance, before) => sum + (total < before ? 0 : chance * steps[total - before]!), 0))
}

/** Largest value in `[0, most]` for which `holds`, which is true below some value and false above. */
export function largestThat(holds: (value: number) => boolean, most: number): number {
  let [low, high] = [0, most]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (holds(middle)) low = middle
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

export interface LookErrors {
  pass: number
  fail: number
  inconclusive: number
}

/**
 * Returns the shares of `runs` simulated canaries that pass, fail or stay open by `horizon` (μ). `failsBy(k)`: largest μ at which k events
 * fail a canary. `passesAt(k)`: μ from which a canary with k events passes.
 */
export function simulateLooks(
  { failsBy, passesAt }: { failsBy: (k: number) => number; passesAt: (k: number) => number },
  { rate, horizon, runs, seed }: { rate: number; horizon: number; runs: number; seed: number },
): LookErrors {
  const chance = seededChances(seed)
  const ends: LookErrors = { pass: 0, fail: 0, inconclusive: 0 }
  for (let run = 0; run < runs; run++) ends[oneRun(chance)]++
  return { pass: ends.pass / runs, fail: ends.fail / runs, inconclusive: ends.inconclusive / runs }

  function oneRun(next: () => number): keyof LookErrors {
    for (let k = 0, at = 0; ;) {
      const event = at - Math.log(next()) / rate
      if (Math.min(event, horizon) >= passesAt(k)) return 'pass'
      if (event > horizon) return 'inconclusive'
      ;[at, k] = [event, k + 1]
      if (at <= failsBy(k)) return 'fail'
    }
  }
}
