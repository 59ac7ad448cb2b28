import { expect, it } from 'vitest'
import { withMoments } from './parts.js'
import { wordsFirst } from './state-words.js'

it.each([
  ['held until 2026-12-24T00:00:00.000Z', 'held until 2026-12-24 00:00:00 UTC'],
  ['from 2026-12-24T00:00:00Z to 2026-12-25T00:00:00Z: votes', 'from 2026-12-24 00:00:00 UTC to 2026-12-25 00:00:00 UTC: votes'],
  ['2026-99-24T00:00:00Z, 2026-12-24', '2026-99-24T00:00:00Z, 2026-12-24'],
])('writes the times of “%s” for people', (text, words) => {
  expect(withMoments(text)).toBe(words)
})

it('writes the times in the detail of a stage for people, and moves its code behind its words', () => {
  expect(wordsFirst('NO_EVIDENCE: no bots; bakes until 2026-12-03T13:28:28.477Z')).toBe(
    'no bots; bakes until 2026-12-03 13:28:28 UTC (NO_EVIDENCE)',
  )
})
