import { expect, it } from 'vitest'
import { FailureStreak } from './failure-streak.js'

it('what goes on failing is an alarm at the fifth time and every hundredth, and starts anew after a success', () => {
  const told: [number, boolean][] = []
  const streak = new FailureStreak((inARow, alarm) => void told.push([inARow, alarm]))
  for (let time = 0; time < 200; time++) streak.failed(new Error('no such table'))
  expect(told.filter(([, alarm]) => alarm)).toEqual([
    [5, true],
    [100, true],
    [200, true],
  ])
  streak.succeeded()
  streak.succeeded()
  streak.failed(new Error('no such table'))
  expect(told.slice(-2)).toEqual([
    [0, false],
    [1, false],
  ])
})
