import { describe, expect, it } from 'vitest'
import {
  describeChange,
  describeMagnitude,
  differenceOf,
  diffPolicies,
  magnitudeOf,
  type FieldChange,
  type PolicyDocument,
} from './index.js'

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

  it('shows types, complete values, and quoted keys', () => {
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
      'limit 35 µg/m³ → "35"',
      'units "ug_per_m3" → "µg → 25"',
      'steps.0.at 1 µg/m³ → 1 "µg → 25"',
      'steps.1.at 2 µg/m³ → 2 "µg → 25"',
      'flag "true" → true',
      `note "${text}a" → "${text}b"`,
      '"limit 350 → 25" added 1 "µg → 25"',
      '"a.b" added null',
      expect.stringMatching(/^big …y{40}" \(3002 characters, sha256:[0-9a-f]{16}\) → …y{41}" \(3003 characters, sha256:[0-9a-f]{16}\)$/),
    ])
  })

  it('is empty for equal content, and contains every field for a first version', () => {
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

describe('units of a difference', () => {
  const BASE: PolicyDocument = { id: 'smog-limit', version: '1.0.0', effective: '2024-01-01T00:00:00Z', limit: 0.075, units: 'ppm' }
  const lines = (from: object, to: object): string[] =>
    diffPolicies({ ...BASE, ...from } as PolicyDocument, { ...BASE, ...to } as PolicyDocument).flatMap((change) => [
      describeChange(change),
      ...describeMagnitude(change),
    ])

  it('are shown for each side, and a changed unit has a line of its own', () => {
    expect(lines({}, { limit: 0.07, units: 'ppb' })).toEqual([
      'limit 0.075 ppm → 0.07 ppb',
      'limit has another unit: ppm → ppb',
      'limit ÷ 1070: 0.075 ppm → 0.07 ppb',
      'units "ppm" → "ppb"',
    ])
    // The same value in another unit.
    expect(lines({}, { limit: 75, units: 'ppb' })).toEqual([
      'limit 0.075 ppm → 75 ppb',
      'limit has another unit: ppm → ppb',
      'units "ppm" → "ppb"',
    ])
  })

  it('turn an equal number in another unit into a change', () => {
    expect(lines({}, { units: 'ppb' })[0]).toBe('limit 0.075 ppm → 0.075 ppb')
    expect(lines({ limits: { daily: 5, units: 'mg_per_m3' } }, { limits: { daily: 5, units: 'ug_per_m3' } })).toEqual([
      'limits.daily 5 mg/m³ → 5 µg/m³',
      'limits.daily has another unit: mg/m³ → µg/m³',
      'limits.daily ÷ 1000: 5 mg/m³ → 5 µg/m³',
      'limits.units "mg_per_m3" → "ug_per_m3"',
    ])
  })

  it('may be removed, added or incomparable, and then no magnitude is shown', () => {
    expect(lines({ units: undefined }, { units: 'ppb' }).slice(0, 2)).toEqual([
      'limit 0.075 → 0.075 ppb',
      'limit has another unit: none → ppb',
    ])
    expect(lines({}, { units: undefined })[1]).toBe('limit has another unit: ppm → none')
    expect(lines({}, { limit: 7_500, units: 'ug_per_m3' }).slice(0, 3)).toEqual([
      'limit 0.075 ppm → 7500 µg/m³',
      'limit has another unit: ppm → µg/m³',
      'units "ppm" → "ug_per_m3"',
    ])
    expect(lines({}, { limit: undefined, units: undefined })[0]).toBe('limit removed (was 0.075 ppm)')
    expect(lines({}, { steps: [1, 2] })).toEqual(['steps added [1,2] ppm'])
  })

  it('are part of the difference that services return', () => {
    const [limit] = diffPolicies(BASE, { ...BASE, limit: 70, units: 'ppb' })
    expect(differenceOf(limit!)).toEqual({
      field: 'limit',
      from: 0.075,
      to: 70,
      units: 'ppb',
      unitsBefore: 'ppm',
      text: 'limit 0.075 ppm → 70 ppb',
      remarks: ['limit has another unit: ppm → ppb'],
    })
  })
})

describe('the magnitude of a change', () => {
  const [ppm, ppb] = [
    { units: 'ppm', unitsBefore: 'ppm' },
    { units: 'ppb', unitsBefore: 'ppm' },
  ]
  it.each([
    [25, 50, {}, 2],
    [-50, -25, {}, 2],
    [0.075, 70, ppb, 75 / 70],
    [0.075, 70, ppm, 70 / 0.075],
    [0.075, 70, { units: 'days', unitsBefore: 'ppm' }, Infinity],
    [5, 7, { units: 'ppm', unitsBefore: null }, Infinity],
    [5, -5, {}, Infinity],
    [5, 0, {}, Infinity],
    [undefined, 5, {}, 0],
    [5, undefined, {}, 0],
    ['5', 6, {}, 0],
  ])('from %j to %j with %j', (from, to, units, factor) => {
    const change = { field: 'limit', kind: 'changed', from, to, ...units } as FieldChange
    expect(magnitudeOf(change)).toBeCloseTo(factor, 9)
  })
})

describe('another order of magnitude', () => {
  const magnitude = (from: unknown, to: unknown): string[] =>
    diffPolicies({ ...OLD, value: from } as PolicyDocument, { ...OLD, value: to } as PolicyDocument).flatMap(describeMagnitude)

  it.each([
    [25, 2800, ['value × 112: 25 → 2800']],
    [2800, 25, ['value ÷ 112: 2800 → 25']],
    [3, 30, ['value × 10: 3 → 30']],
    [0.7, 0.07, ['value ÷ 10: 0.7 → 0.07']],
    [1, 9.99, []],
    [-5, -50, ['value × 10: -5 → -50']],
    [5, -5, ['value changes its sign: 5 → -5']],
    [5, -500, ['value × 100: 5 → -500', 'value changes its sign: 5 → -500']],
    [0, 5, ['value is zero no longer: 0 → 5']],
    [5, 0, ['value becomes zero: 5 → 0']],
    [25, '2800', []],
    [[1, 2], [1, 20], ['value.1 × 10: 2 → 20']],
    [[1, 2], [10, 2, 3], ['value.0 × 10: 1 → 10']],
    [{ deep: { at: 2 } }, { deep: { at: 0.2 } }, ['value.deep.at ÷ 10: 2 → 0.2']],
    [5e-324, 5e9, ['value × Infinity: 5e-324 → 5000000000']],
  ])('%j → %j', (from, to, lines) => {
    expect(magnitude(from, to)).toEqual(lines)
  })
})
