import type { FreezeRecord } from '#libs/contracts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freezeError, freezeAgainst, mayReplaceFreeze, nextChange, windowAt } from './freeze-windows.js'

const at = (text: string): Date => new Date(text)
const weekend = { recurrence: { cron: '0 18 * * FRI', zone: 'America/New_York', for: '60h' } }

function freeze(id: string, more: Partial<FreezeRecord> = {}): FreezeRecord {
  const statement = { payloadType: '', payload: '', signatures: [] }
  return { id, reason: 'drill', scope: 'global', by: 'EPA Chief', declaredAt: '', statement, lifted: null, ...more }
}

describe('windowAt', () => {
  it('includes its start and excludes its end', () => {
    const once = { from: '2026-11-02T00:00:00Z', until: '2026-11-04T00:00:00Z' }
    expect(windowAt(once, at('2026-11-01T23:59:59.999Z'))).toBeUndefined()
    expect(windowAt(once, at('2026-11-02T00:00:00Z'))).toEqual({ from: '2026-11-02T00:00:00.000Z', until: '2026-11-04T00:00:00.000Z' })
    expect(windowAt(once, at('2026-11-04T00:00:00Z'))).toBeUndefined()
  })

  it('recurs in local time across changes of daylight saving', () => {
    // 18:00 in New York is 22:00 UTC in summer and 23:00 in winter; DST ends on 1 November 2026, in the middle of a window.
    expect(windowAt(weekend, at('2026-10-30T21:59:59Z'))).toBeUndefined()
    expect(windowAt(weekend, at('2026-10-30T22:00:00Z'))).toMatchObject({ until: '2026-11-02T10:00:00.000Z' })
    expect(nextChange(weekend, at('2026-11-02T10:00:00Z'))).toEqual(at('2026-11-06T23:00:00Z'))
  })

  it('changes only at the times that nextChange returns', () => {
    const instant = fc.integer({ min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2027-01-01T00:00:00Z') })
    fc.assert(
      fc.property(instant, fc.integer({ min: 1, max: 999 }), (ms, permille) => {
        const now = new Date(ms)
        const change = nextChange(weekend, now)!
        const between = new Date(ms + Math.floor(((change.getTime() - ms) * permille) / 1000))
        expect(windowAt(weekend, between) === undefined).toBe(windowAt(weekend, now) === undefined)
        expect(windowAt(weekend, change) === undefined).not.toBe(windowAt(weekend, now) === undefined)
      }),
    )
  })

  it('has no end without `until` or recurrence', () => {
    expect(windowAt({}, at('2026-01-01T00:00:00Z'))).toMatchObject({ until: null })
    expect(nextChange({}, at('2026-01-01T00:00:00Z'))).toBeUndefined()
  })
})

describe('freezeAgainst', () => {
  const now = at('2026-11-02T12:00:00Z')

  it('returns a freeze of the region or of scope global; every freeze blocks scope global', () => {
    const ncr = [freeze('ncr', { scope: 'region:NCR' })]
    expect(freezeAgainst(ncr, ['region:NCR'], now)?.id).toBe('ncr')
    expect(freezeAgainst(ncr, ['region:BOS'], now)).toBeNull()
    expect(freezeAgainst(ncr, ['global'], now)?.id).toBe('ncr')
    expect(freezeAgainst([freeze('all')], ['region:BOS'], now)?.id).toBe('all')
  })

  it('returns the freeze that ends last, and ignores lifted ones', () => {
    const until = '2026-11-03T00:00:00Z'
    const lifted = { by: 'EPA Chief', reason: 'over', at: '', statement: freeze('x').statement }
    const all = [freeze('short', { until }), freeze('open'), freeze('gone', { lifted })]
    expect(freezeAgainst(all, ['global'], now)).toEqual({ id: 'open', reason: 'drill', until: null })
    expect(freezeAgainst([all[0]!, all[2]!], ['global'], now)?.id).toBe('short')
  })
})

describe('replacing a freeze', () => {
  const now = at('2026-11-02T12:00:00Z')
  const [before, after] = ['2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z']
  const total = { id: 'drill', reason: 'drill', scope: 'global' }

  it.each<[boolean, string, Partial<FreezeRecord>]>([
    [true, 'is active everywhere, without an end', {}],
    [true, 'has begun everywhere, without an end', { from: before }],
    [false, 'begins later', { from: after }],
    [false, 'has ended', { until: before }],
    [false, 'has an end', { until: after }],
    [false, 'applies to one region', { scope: 'region:NCR' }],
    [false, 'recurs', weekend],
  ])('mayReplaceFreeze is %s for a new freeze that %s', (expected, _what, more) => {
    expect(mayReplaceFreeze({ ...total, ...more }, freeze('drill'), now)).toBe(expected)
    expect(mayReplaceFreeze({ ...total, ...more }, freeze('drill', { from: after }), now)).toBe(expected)
  })

  it('is always permitted if the known freeze no longer blocks anything', () => {
    const lifted = { by: 'EPA Chief', reason: 'over', at: '', statement: freeze('x').statement }
    for (const known of [freeze('drill', { lifted }), freeze('drill', { until: before })])
      expect(mayReplaceFreeze({ ...total, until: after }, known, now)).toBe(true)
  })
})

describe('an invalid freeze', () => {
  it.each([
    ['an unknown scope', { scope: 'everywhere' }, /scope/],
    ['an end before its beginning', { from: '2026-11-04T00:00:00Z', until: '2026-11-02T00:00:00Z' }, /after/],
    ['six fields', { recurrence: { ...weekend.recurrence, cron: '0 0 18 * * FRI' } }, /five fields/],
    ['no zone', { recurrence: { ...weekend.recurrence, zone: 'Mars/Olympus' } }, /recurrence/],
    ['no duration', { recurrence: { ...weekend.recurrence, for: 'long' } }, /recurrence/],
    ['a date that does not exist', { recurrence: { ...weekend.recurrence, cron: '0 0 31 2 *' } }, /never/],
    ['a recurrence with from', { ...weekend, from: '2026-11-04T00:00:00Z' }, /neither from nor until/],
  ])('%s', (_what, times, expected) => {
    expect(freezeError({ id: 'drill', reason: 'drill', scope: 'global', ...times })).toMatch(expected)
  })

  it('is not reported for valid times', () => {
    expect(freezeError({ id: 'drill', reason: 'drill', scope: 'region:NCR', ...weekend })).toBeUndefined()
  })
})
