import { expect, it } from 'vitest'
import { RateLimit } from './partner-gate.js'

it('allows a burst of twice the rate, then the rate', () => {
  const limit = new RateLimit()
  expect(Array.from({ length: 11 }, () => limit.take('a', 5, 0))).toEqual([...Array<number>(10).fill(0), 200])
  expect([limit.take('a', 5, 100), limit.take('a', 5, 200), limit.take('a', 5, 200)]).toEqual([100, 0, 200])
  expect(limit.take('b', 5, 200)).toBe(0)
  const overAMinute = Array.from({ length: 60_000 }, (_, ms) => limit.take('a', 5, 1_000 + ms)).filter((waitMs) => waitMs === 0).length
  expect(overAMinute).toBeGreaterThanOrEqual(300)
  expect(overAMinute).toBeLessThanOrEqual(310)
})

it('adds no tokens if the clock is set back', () => {
  const limit = new RateLimit()
  for (let taken = 0; taken < 10; taken++) limit.take('a', 5, 10_000)
  expect(limit.take('a', 5, 0)).toBe(200)
})
