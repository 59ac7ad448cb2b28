import { expect, it } from 'vitest'
import { timesOf } from './get.js'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const RECORDED = '2026-01-01T00:00:01Z'

it.each<[string, string, string | null, { at?: string; known?: string }, string]>([
  ['what is in force', '2026-01-01T00:00:00Z', null, { at: '2026-02-01T00:00:00Z' }, 'In force from 2026-01-01T00:00:00Z until now'],
  ['what was', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', {}, 'In force from 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z'],
  [
    'a time ahead',
    '2026-01-01T00:00:00Z',
    null,
    { at: '2027-01-01T00:00:00Z' },
    'In force from 2026-01-01T00:00:00Z on, unless another release replaces it',
  ],
  [
    'a rule that is held for later',
    '2027-01-01T00:00:00Z',
    null,
    { at: '2027-01-01T00:00:00Z' },
    'Comes into force at 2027-01-01T00:00:00Z, unless another release replaces it',
  ],
  [
    'what was known then',
    '2026-01-01T00:00:00Z',
    null,
    { at: '2026-02-01T00:00:00Z', known: '2026-03-01T00:00:00Z' },
    'In force from 2026-01-01T00:00:00Z on, as was known at 2026-03-01T00:00:00Z',
  ],
])('timesOf prints only known times for %s', (_what, since, until, asked, text) => {
  expect(timesOf({ since, until, recordedAt: RECORDED }, { ...asked, now: NOW })).toBe(`${text}, recorded at ${RECORDED}`)
})
