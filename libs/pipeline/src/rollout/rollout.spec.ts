import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countReach, EMPTY_REACH } from './rollout.js'

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second))
const of = (...pairs: [number, number][]) => pairs.map(([acknowledged, expected]) => ({ acknowledged, expected, silent: [] }))

describe('the reach of a release', () => {
  it('is the time at which half, most and all of the bots first had it', () => {
    const steps: [number, number][] = [
      [9, 20],
      [10, 20],
      [18, 20],
      [19, 20],
      [20, 20],
      [20, 40],
    ]
    const reach = steps.reduce((known, step, second) => countReach(known, of(step), at(second)), EMPTY_REACH)
    expect(reach).toEqual({
      bots: 40,
      current: 20,
      halfAt: at(1).toISOString(),
      mostAt: at(3).toISOString(),
      allAt: at(4).toISOString(),
    })
  })

  it('is the reach of the policy in a bundle that the fewest bots have', () => {
    expect(countReach(EMPTY_REACH, of([20, 20], [5, 20]), at(1))).toEqual({ ...EMPTY_REACH, bots: 20, current: 5 })
  })

  it('is zero without connected bots', () => {
    expect(countReach(EMPTY_REACH, of([0, 0]), at(1))).toEqual(EMPTY_REACH)
  })

  it('never changes a time, and keeps their order', () => {
    const pair = fc.nat(50).chain((expected) => fc.tuple(fc.nat(expected), fc.constant(expected)))
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 20 }), (steps) => {
        let known = EMPTY_REACH
        for (const [second, step] of steps.entries()) {
          const next = countReach(known, of(step), at(second))
          for (const mark of ['halfAt', 'mostAt', 'allAt'] as const) if (known[mark] !== null) expect(next[mark]).toBe(known[mark])
          if (next.allAt !== null) expect(next.mostAt! <= next.allAt).toBe(true)
          if (next.mostAt !== null) expect(next.halfAt! <= next.mostAt).toBe(true)
          known = next
        }
      }),
    )
  })
})
