import { expect, it } from 'vitest'
import { backoffMs } from './backoff.js'

it('waits longer after each failure, up to four seconds', () => {
  const longest = Array.from({ length: 50 }, (_, attempt) => backoffMs(attempt, () => 1))
  expect(longest.slice(0, 6)).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000])
  expect(Math.max(...longest)).toBe(4_000)
})

it('spreads the retries of readers that failed together', () => {
  expect(backoffMs(50, () => 0)).toBe(2_000)
})
