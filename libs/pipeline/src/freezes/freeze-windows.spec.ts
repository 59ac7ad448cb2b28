import type { FreezeRecord } from '#libs/contracts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultOfFreeze, freezeAgainst, holdsAsMuch, nextChange, windowAt } from './freeze-windows.js'

const at = (text: string): Date => new Date(text)
const weekend = { recurrence: { cron: '0 18 * * FRI', zone: 'America/New_York', for: '60h' } }

function freeze(id: string, more: Partial<FreezeRecord> = {}): FreezeRecord {
  const statement = { payloadType: '', payload: '', signatures: [] }
  return { id, reason: 'drill', scope: 'global', by: 'EPA Chief', declaredAt: '', statement, lifted: null, ...more }
}

describe('the window of a freeze', () => {
  it('holds its beginning and not its end', () => {
    const once = { from: '2026-11-02T00:00:00Z', until: '2026-11-04T00:00:00Z' }
    expect(windowAt(once, at('2026-11-01T23:59:59.999Z'))).toBeUndefined()
    expect(windowAt(once, at('2026-11-02T00:00:00Z'))).toEqual({ from: '2026-11-02T00:00:00.000Z', until: '2026-11-04T00:00:00.000Z' })
    expect(windowAt(once, at('2026-11-04T00:00:00Z'))).toBeUndefined()
  })

  it('comes again by the clock of its zone, whatever daylight saving does', () => {
    // 18:00 in New York is 22:00 UTC in summer and 23:00 in winter; DST ends on 1 November 2026, in the middle of a window.
    expect(windowAt(weekend, at('2026-10-30T21:59:59Z'))).toBeUndefined()
    expect(windowAt(weekend, at('2026-10-30T22:00:00Z'))).toMatchObject({ until: '2026-11-02T10:00:00.000Z' })
    expect(nextChange(weekend, at('2026-11-02T10:00:00Z'))).toEqual(at('2026-11-06T23:00:00Z'))
  })

  it('changes at the announced times only', () => {
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

  it('has no end where only a person ends it', () => {
    expect(windowAt({}, at('2026-01-01T00:00:00Z'))).toMatchObject({ until: null })
    expect(nextChange({}, at('2026-01-01T00:00:00Z'))).toBeUndefined()
  })
})

describe('what stands in the way of a step', () => {
  const now = at('2026-11-02T12:00:00Z')

  it('is a freeze of its region or of everywhere; a step to everybody meets them all', () => {
    const ncr = [freeze('ncr', { scope: 'region:NCR' })]
    expect(freezeAgainst(ncr, ['region:NCR'], now)?.id).toBe('ncr')
    expect(freezeAgainst(ncr, ['region:BOS'], now)).toBeNull()
    expect(freezeAgainst(ncr, ['global'], now)?.id).toBe('ncr')
    expect(freezeAgainst([freeze('all')], ['region:BOS'], now)?.id).toBe('all')
  })

  it('is the one that ends last, and none that was lifted', () => {
    const until = '2026-11-03T00:00:00Z'
    const lifted = { by: 'EPA Chief', reason: 'over', at: '', statement: freeze('x').statement }
    const all = [freeze('short', { until }), freeze('open'), freeze('gone', { lifted })]
    expect(freezeAgainst(all, ['global'], now)).toEqual({ id: 'open', reason: 'drill', until: null })
    expect(freezeAgainst([all[0]!, all[2]!], ['global'], now)?.id).toBe('short')
  })
})

describe('a freeze that takes the place of another', () => {
  const now = at('2026-11-02T12:00:00Z')
  const [before, after] = ['2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z']
  const total = { id: 'drill', reason: 'drill', scope: 'global' }

  it.each<[boolean, string, Partial<FreezeRecord>]>([
    [true, 'holds everywhere from now on', {}],
    [true, 'holds everywhere, and has begun', { from: before }],
    [false, 'begins later', { from: after }],
    [false, 'is over', { until: before }],
    [false, 'ends', { until: after }],
    [false, 'holds in a region', { scope: 'region:NCR' }],
    [false, 'comes and goes', weekend],
  ])('%s that it holds as much: it %s', (expected, _what, more) => {
    expect(holdsAsMuch({ ...total, ...more }, freeze('drill'), now)).toBe(expected)
    expect(holdsAsMuch({ ...total, ...more }, freeze('drill', { from: after }), now)).toBe(expected)
  })

  it('holds as much as one that holds nothing any more', () => {
    const lifted = { by: 'EPA Chief', reason: 'over', at: '', statement: freeze('x').statement }
    for (const known of [freeze('drill', { lifted }), freeze('drill', { until: before })])
      expect(holdsAsMuch({ ...total, until: after }, known, now)).toBe(true)
  })
})

describe('the fault of a freeze', () => {
  it.each([
    ['no scope of ours', { scope: 'everywhere' }, /scope/],
    ['an end before its beginning', { from: '2026-11-04T00:00:00Z', until: '2026-11-02T00:00:00Z' }, /after/],
    ['six fields', { recurrence: { ...weekend.recurrence, cron: '0 0 18 * * FRI' } }, /five fields/],
    ['no zone', { recurrence: { ...weekend.recurrence, zone: 'Mars/Olympus' } }, /recurrence/],
    ['no duration', { recurrence: { ...weekend.recurrence, for: 'long' } }, /recurrence/],
    ['a day that never comes', { recurrence: { ...weekend.recurrence, cron: '0 0 31 2 *' } }, /never/],
    ['both ways at once', { ...weekend, from: '2026-11-04T00:00:00Z' }, /no from/],
  ])('%s', (_what, times, expected) => {
    expect(faultOfFreeze({ id: 'drill', reason: 'drill', scope: 'global', ...times })).toMatch(expected)
  })

  it('is none for what is right', () => {
    expect(faultOfFreeze({ id: 'drill', reason: 'drill', scope: 'region:NCR', ...weekend })).toBeUndefined()
  })
})
