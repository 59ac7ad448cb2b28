import { describe, expect, it } from 'vitest'
import { describeClock } from './clock.js'

const NO_PARTNERS = { partners: 0, told: 0, toldInTime: 0, acknowledged: 0 }
const SIX_PARTNERS = { partners: 6, told: 6, toldInTime: 6, acknowledged: 0 }
const NEVER = { half: null, most: null, all: null, partners: null }

describe('describeClock', () => {
  it.each([
    [
      { bots: 300, current: 300, ...SIX_PARTNERS, seconds: { half: 21.2, most: 21.9, all: 22.1, partners: 23.4 } },
      'In force: 300 of 300 bots after 22 s; 6 of 6 partners told after 23 s',
    ],
    [{ bots: 0, current: 0, ...NO_PARTNERS, seconds: NEVER }, 'In force: no bot connected'],
    [
      { bots: 300, current: 290, ...SIX_PARTNERS, told: 5, seconds: { ...NEVER, half: 20, most: 702 } },
      'In force: 290 of 300 bots, 95 % after 11 min 42 s; 5 of 6 partners told',
    ],
    [{ bots: 4, current: 2, ...NO_PARTNERS, seconds: { ...NEVER, half: 59.6 } }, 'In force: 2 of 4 bots, 50 % after 1 min 0 s'],
    [
      { bots: 0, current: 0, ...SIX_PARTNERS, toldInTime: 5, acknowledged: 4, seconds: { ...NEVER, partners: 2_400 } },
      'In force: no bot connected; 6 of 6 partners told after 40 min 0 s, 5 within 30 min; 4 of 6 acknowledged',
    ],
    [{ bots: 4, current: 1, ...NO_PARTNERS, partners: 1, seconds: NEVER }, 'In force: 1 of 4 bots; 0 of 1 partners told'],
  ])('describes how many bots and partners were reached, and how soon', (clock, words) => {
    expect(describeClock(clock)).toBe(words)
  })

  it('describes a release as held before its effective time', () => {
    expect(describeClock({ bots: 2, current: 2, ...NO_PARTNERS, seconds: { ...NEVER, all: 3 } }, true)).toBe('Held: 2 of 2 bots after 3 s')
  })
})
