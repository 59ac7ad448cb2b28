import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareVersions, isSemVer, isTimestamp, levelBetween, nextVersion } from './index.js'

describe('SemVer 2.0', () => {
  it('orders versions as in §11', () => {
    const ordered = [
      '0.9.9',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.2.0',
      '1.10.0',
      '2.0.0',
      '99999999999999999999.0.0',
      '100000000000000000000.0.0',
    ]
    for (const [index, left] of ordered.entries()) {
      for (const [other, right] of ordered.entries()) expect(Math.sign(compareVersions(left, right))).toBe(Math.sign(index - other))
    }
    expect(compareVersions('1.0.0+a', '1.0.0+b')).toBe(0)
  })

  it.each(['1.0', '01.0.0', '1.0.0-01', 'v1.0.0', '1.0.0-', '1.0.0+', '1.0.0 ', '1.0.0-a..b', `1.0.0-${'a'.repeat(200)}`, '', 2])(
    'refuses %s',
    (version) => {
      expect(isSemVer(version)).toBe(false)
    },
  )

  it.each(['0.0.0', '1.0.0-0a', '1.0.0--', '1.0.0-x.7.z.92+001.sha-5114f85'])('accepts %s', (version) => {
    expect(isSemVer(version)).toBe(true)
  })

  it.each([
    ['1.5.0', '2.0.0', 'major'],
    ['2.0.1', '2.1.0', 'minor'],
    ['2.0.0', '2.0.1', 'patch'],
    ['2.0.0', '2.0.0+x', undefined],
    ['2.0.0', '1.9.9', undefined],
    ['2.0.0', '2.0.0-rc.1', undefined],
    ['1.5.0', '2.0.0-rc.1', 'major'],
    ['2.0.0-rc.1', '2.0.0-rc.2', 'major'],
    ['2.1.0-rc.1', '2.1.0', 'minor'],
    ['2.1.1-rc.1', '2.1.1', 'patch'],
  ])('%s → %s is %s', (from, to, level) => {
    expect(levelBetween(from, to)).toBe(level)
  })

  it('returns a next version that is higher by exactly the given level', () => {
    const number = fc.nat()
    const level = fc.constantFrom('major', 'minor', 'patch' as const)
    fc.assert(
      fc.property(number, number, number, level, (major, minor, patch, wanted) => {
        const version = `${major}.${minor}.${patch}`
        expect(levelBetween(version, nextVersion(version, wanted))).toBe(wanted)
      }),
    )
    expect(() => compareVersions('1', '2')).toThrow(TypeError)
  })
})

describe('timestamps', () => {
  it.each(['2024-09-01T00:00:00Z', '2024-02-29T23:59:59.123-05:00', '0001-01-01T00:00:00+23:59', '2024-09-01t00:00:00z'])(
    'accepts %s, as Date does',
    (value) => {
      expect(isTimestamp(value)).toBe(true)
      expect(Number.isNaN(Date.parse(value))).toBe(false)
    },
  )

  it.each([
    '2024-09-01',
    '2024-09-01T00:00:00',
    '2024-09-01 00:00:00Z',
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2016-12-31T23:59:60Z',
    '2024-01-01T00:00:00+24:00',
    '2024-01-01T00:00:00+0500',
    20240901,
  ])('refuses %s', (value) => {
    expect(isTimestamp(value)).toBe(false)
  })
})
