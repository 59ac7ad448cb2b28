import { describe, expect, it } from 'vitest'
import { describeChange, diffPolicies } from './index.js'
import type { PolicyDocument } from './index.js'

const OLD: PolicyDocument = {
  id: 'epa-pm25-limit',
  version: '1.5.0',
  effective: '2024-01-01T00:00:00Z',
  limit: 35,
  units: 'ug_per_m3',
  indoor: { limit: 12, units: 'percent', note: 'old note' },
  steps: [{ at: 1 }, { at: 2 }],
  tags: ['air'],
}

describe('difference of policies', () => {
  it('names fields, values and units', () => {
    const next = {
      ...OLD,
      version: '2.0.0',
      limit: 25,
      indoor: { limit: 10, units: 'percent' },
      steps: [{ at: 1 }, { at: 3 }],
      tags: [],
      new: true,
    }
    expect(diffPolicies(OLD, next).map(describeChange)).toEqual([
      'limit 35 → 25 µg/m³',
      'indoor.limit 12 → 10 %',
      'indoor.note removed (was "old note")',
      'steps.1.at 2 → 3 µg/m³',
      'tags ["air"] → []',
      'new added true',
    ])
    expect(diffPolicies(OLD, next)[0]).toEqual({ field: 'limit', from: 35, to: 25, kind: 'changed', units: 'ug_per_m3' })
  })

  it('shows types, whole values, and keys that are no plain words', () => {
    const text = 'x'.repeat(100)
    const from = { ...OLD, flag: 'true', note: `${text}a`, big: 'y'.repeat(3_000) }
    const to = {
      ...OLD,
      limit: '35',
      flag: true,
      note: `${text}b`,
      'limit 350 → 25': 1,
      'a.b': null,
      units: 'µg → 25',
      big: 'y'.repeat(3_001),
    }
    const lines = diffPolicies(from, to).map(describeChange)
    expect(lines).toEqual([
      'limit 35 → "35"',
      'units "ug_per_m3" → "µg → 25"',
      'flag "true" → true',
      `note "${text}a" → "${text}b"`,
      '"limit 350 → 25" added 1 "µg → 25"',
      '"a.b" added null',
      expect.stringMatching(/^big "y+… \(3002 characters, sha256:[0-9a-f]{16}\) → "y+… \(3003 characters, sha256:[0-9a-f]{16}\)$/),
    ])
  })

  it('is empty for equal content, and all of it for a first version', () => {
    expect(diffPolicies(OLD, { ...OLD, version: '1.5.1' })).toEqual([])
    expect(diffPolicies(undefined, OLD).map(({ field, kind }) => `${kind} ${field}`)).toEqual([
      'added effective',
      'added limit',
      'added units',
      'added indoor',
      'added steps',
      'added tags',
    ])
  })
})
