import { expect, it } from 'vitest'
import { timeOf } from './flags.js'

const NOW = Date.parse('2026-01-02T00:00:00Z')

it('timeOf reads RFC 3339 with an offset, or an age', () => {
  expect(timeOf('--since', '2026-01-01T05:30:00+05:30', NOW)).toBe('2026-01-01T00:00:00.000Z')
  expect(timeOf('--since', '2h', NOW)).toBe('2026-01-01T22:00:00.000Z')
})

it.each(['2026-01-01T00:00:00', '2026-02-30T00:00:00Z', '2026-01-01T00:00Z', '1/2/2026', 'yesterday'])('timeOf refuses %s', (text) => {
  expect(() => timeOf('--since', text, NOW)).toThrow('write it as 2026-01-31T00:00:00Z')
})
