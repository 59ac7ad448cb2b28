import { expect, it } from 'vitest'
import { FailureStreak } from './failure-streak.js'

it('raises an alarm at the fifth failure in a row and at every hundredth, and restarts after a success', () => {
  const reports: [number, boolean][] = []
  const streak = new FailureStreak((inARow, alarm) => void reports.push([inARow, alarm]))
  for (let time = 0; time < 200; time++) streak.failed(new Error('no such table'))
  expect(reports.filter(([, alarm]) => alarm)).toEqual([
    [5, true],
    [100, true],
    [200, true],
  ])
  streak.succeeded()
  streak.succeeded()
  streak.failed(new Error('no such table'))
  expect(reports.slice(-2)).toEqual([
    [0, false],
    [1, false],
  ])
})
