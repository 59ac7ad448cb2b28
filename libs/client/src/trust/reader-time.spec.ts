import { expect, it } from 'vitest'
import { ManualClock } from '../testing/manual-clock.js'
import { ReaderTime } from './reader-time.js'

const SAVED = Date.parse('2024-09-01T12:00:00Z')
const HOUR_MS = 3_600_000

function restored(wallMs: number): { clock: ManualClock; time: ReaderTime } {
  const clock = new ManualClock(wallMs)
  const time = new ReaderTime(clock)
  time.restore(SAVED)
  clock.advance(1_000)
  return { clock, time }
}

it.each([
  ['a wall clock that is right', SAVED],
  ['a wall clock that was set back', SAVED - 24 * HOUR_MS],
])('does not go back after a restart at a statement older than the restored time, with %s', (_what, wallMs) => {
  const { clock, time } = restored(wallMs)
  time.recordSigned(SAVED - HOUR_MS)
  expect(time.now()).toBe(SAVED + 1_000)
  clock.advance(500)
  expect([time.now(), time.remembered()]).toEqual([SAVED + 1_500, SAVED + 1_500])
  time.recordSigned(SAVED + HOUR_MS)
  expect(time.now()).toBe(SAVED + HOUR_MS)
})

it('gives up a restored time that was far ahead', () => {
  const trueMs = SAVED - 24 * HOUR_MS
  const { time } = restored(trueMs)
  time.recordSigned(trueMs)
  expect(time.now()).toBe(trueMs)
  time.recordSigned(trueMs + 60_000)
  expect(time.now()).toBe(trueMs + 60_000)
})

it('does not go back by what passes between two reads of the monotonic clock', () => {
  const { clock, time } = restored(SAVED - 24 * HOUR_MS)
  const elapsed = clock.elapsed.bind(clock)
  let reads = 0
  clock.elapsed = () => elapsed() + ++reads / 1_000
  time.recordSigned(SAVED - HOUR_MS)
  expect(time.now()).toBeGreaterThan(SAVED)
})
