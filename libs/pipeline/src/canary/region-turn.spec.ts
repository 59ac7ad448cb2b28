import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_REGIONS } from '#libs/policy'
import { DOSSIER, NOW, ORIGIN } from '../testing/samples.js'
import { newCanary, type Canary } from './canary.js'
import { claimsRegions, holderOfRegions } from './region-turn.js'

const FRESH = newCanary(DOSSIER, { ...ORIGIN, scenarios: [] }, { now: NOW, begins: new Map() })
const FREEZE = { id: 'drill', reason: 'drill', until: null }

function canary(run: number, state: Canary['state'], scope = 'region:NCR', more: Partial<Canary> = {}): Canary {
  const dossier = { ...DOSSIER, plan: { ...DOSSIER.plan, scope, scopeName: scope } }
  return { ...FRESH, run, state, scope, scopeName: scope, dossier, ...more }
}

const asks = (scope: string, ...others: Canary[]): number | undefined => holderOfRegions(canary(9, 'new', scope), others, NOW)?.run

describe('a region', () => {
  it.each(['publishing', 'observing', 'growing', 'paused', 'passed', 'baking'] as const)('is occupied by a canary that is %s', (state) => {
    expect(asks('region:NCR', canary(3, state))).toBe(3)
    expect(asks('region:VA', canary(3, state))).toBeUndefined()
  })

  it.each(['new', 'proving', 'failed', 'ended'] as const)('is free while a canary is %s', (state) => {
    expect(asks('region:NCR', canary(3, state))).toBeUndefined()
  })

  it('is free while the stable release is not in force yet, and occupied again from its effective time on', () => {
    const at = (beginsAt: string) => FRESH.members.map((member) => ({ ...member, beginsAt }))
    expect(asks('region:NCR', canary(3, 'baking', 'region:NCR', { members: at('2026-09-01T00:00:00Z') }))).toBeUndefined()
    expect(asks('region:NCR', canary(3, 'baking', 'region:NCR', { members: at(NOW.toISOString()) }))).toBe(3)
  })

  it('is occupied by a canary of all regions, and blocks one', () => {
    expect(asks(ALL_REGIONS, canary(3, 'observing', 'region:VA'))).toBe(3)
    expect(asks('region:VA', canary(3, 'observing', ALL_REGIONS))).toBe(3)
  })

  it('goes to waiting runs by run number, so that each gets its turn', () => {
    expect(asks('region:VA', canary(3, 'observing'), canary(4, 'waiting', ALL_REGIONS))).toBe(4)
    expect(holderOfRegions(canary(4, 'waiting'), [canary(9, 'waiting')], NOW)).toBeNull()
  })

  it('is not given to a run that waits for a freeze', () => {
    expect(asks('region:NCR', canary(3, 'waiting', 'region:NCR', { frozen: FREEZE }))).toBeUndefined()
  })
})

it('a region never has two canaries, for any order of requests', () => {
  const scopes = ['region:NCR', 'region:VA', ALL_REGIONS]
  const moves = fc.array(fc.record({ run: fc.integer({ min: 1, max: 6 }), ends: fc.boolean() }), { maxLength: 60 })
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...scopes), { minLength: 6, maxLength: 6 }), moves, (places, steps) => {
      const all = new Map(places.map((scope, index) => [index + 1, canary(index + 1, 'new', scope)]))
      for (const { run, ends } of steps) {
        const given = all.get(run)!
        const others = [...all.values()].filter((each) => each !== given)
        if (ends && given.state === 'observing') all.set(run, { ...given, state: 'ended' })
        else if (given.state === 'new' || given.state === 'waiting')
          all.set(run, { ...given, state: holderOfRegions(given, others, NOW) === null ? 'observing' : 'waiting' })
        const shown = [...all.values()].filter(({ state }) => state === 'observing')
        for (const one of shown)
          expect(
            holderOfRegions(
              { ...one, run: 99 },
              shown.filter((other) => other !== one),
              NOW,
            ),
          ).toBeNull()
      }
      // No deadlock: if canaries wait, another one has a region.
      const waiting = [...all.values()].filter(({ state }) => state === 'waiting')
      if (waiting.length > 0 && ![...all.values()].some(({ state }) => state === 'observing'))
        expect(
          waiting.some(
            (one) =>
              holderOfRegions(
                one,
                [...all.values()].filter((each) => each !== one && claimsRegions(each, NOW)),
                NOW,
              ) === null,
          ),
        ).toBe(true)
    }),
  )
})
