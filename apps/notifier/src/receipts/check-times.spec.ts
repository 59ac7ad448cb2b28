import { expect, it } from 'vitest'
import { CHECK_OFFSETS_MS, MIN_GAP_MS, nextCheck } from './check-for-acks.js'

const SENT = new Date('2026-01-01T00:00:00Z')
const after = (ms: number): Date => new Date(SENT.getTime() + ms)

it('polls one document at each offset once, and stops after a week', () => {
  const looks: number[] = []
  for (let at = nextCheck([SENT], SENT); at !== undefined && looks.length < 100; at = nextCheck([SENT], at))
    looks.push(at.getTime() - SENT.getTime())
  expect(looks).toEqual(CHECK_OFFSETS_MS)
  expect(looks.filter((ms) => ms <= 30 * 60_000)).toHaveLength(8)
  expect(looks.at(-1)).toBe(7 * 24 * 3_600_000)
})

it('does not catch up on missed checks', () => {
  expect(nextCheck([SENT], after(100 * 3_600_000))).toEqual(after(120 * 3_600_000))
})

it('checks many documents together, at least half a minute apart', () => {
  const many = Array.from({ length: 500 }, (_, index) => after(index * 1_000))
  expect(nextCheck(many, after(500_000))).toEqual(after(500_000 + MIN_GAP_MS))
  expect(nextCheck([], SENT)).toBeUndefined()
})
