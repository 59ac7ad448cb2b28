import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRoster, type EarlierRole, type ReleasePredicate, type Role, type RosterPredicate } from '#libs/signing'
import { bundleOf, office, saidOf, TWO, type Case, type Said } from './both-readers.js'
import { SEEN } from './office.js'

/** The witness saw the approval at `SEEN`. */
const AFTER = '2026-03-02T00:00:00Z'
const LATER = '2026-04-02T00:00:00Z'
const BEFORE = '2026-02-28T00:00:00Z'

const ALL = ['epa-chief', 'epa-counsel', 'air-office']
const one: Role = { name: 'official', principals: ALL, threshold: 1, match: { all: true } }
const two: Role = { name: 'critical', principals: ALL, threshold: 2, match: { tag: 'critical' } }
const lead: Role = { name: 'lead', principals: ALL, threshold: 2, match: { idPrefix: 'lead-' } }
const until = (end: string, ...roles: Role[]): EarlierRole[] => roles.map((role) => ({ role, until: end }))
const plain = ({ policy }: ReleasePredicate): void => void (policy['tags'] = ['air'])

/** A release of one signature, after the roster began to ask for two. */
async function afterwards(earlierRoles: EarlierRole[] | undefined, given: Case = {}): Promise<Said> {
  const roster = (each: RosterPredicate): void => {
    each.roles.push(lead)
    given.roster?.(each)
    if (earlierRoles !== undefined) each.earlierRoles = earlierRoles
  }
  return saidOf(await bundleOf({ signers: ['EPA Chief'], release: plain, ...given, roster }))
}

const GOOD: Said = { approvedBy: ['epa-chief'], soleOfficial: false, missing: [], refused: '' }
const refused = (...missing: string[]): Said => ({ approvedBy: [], soleOfficial: false, missing, refused: 'HMS_VERIFY_RELEASE' })

describe('a roster that became stricter', () => {
  it('refuses what fewer people approved before it, unless its earlier roles allow it', async () => {
    expect(await afterwards(undefined)).toEqual(refused('lead'))
    expect(await afterwards(until(AFTER, one, two))).toEqual(GOOD)
  })

  it.each([
    ['what was seen after the change', until(BEFORE, one, two)],
    ['what was seen at the very time of the change', until(SEEN, one, two)],
    ['what other roles approved before it', until(AFTER, two)],
    ['what the roles of that time required more for', until(AFTER, one, lead)],
    ['what the roles of a later time would have approved', [...until(AFTER, one, lead), ...until(LATER, one)]],
  ])('refuses %s', async (_what, earlier) => {
    expect(await afterwards(earlier)).toEqual(refused('lead'))
  })

  it('goes by the roles of the time, however many changes followed', async () => {
    expect(await afterwards([...until(BEFORE, lead), ...until(AFTER, one), ...until(LATER, lead, one)])).toEqual(GOOD)
  })

  it('still takes what its own roles approve', async () => {
    const both = { ...GOOD, approvedBy: ['epa-chief', 'epa-counsel'] }
    expect(await afterwards(until(AFTER, { ...one, principals: ['air-office'] }), { signers: TWO })).toEqual(both)
  })

  it('is no way round a tag that governs, nor round two people for break-glass', async () => {
    expect(await afterwards(until(AFTER, one, two), { release: () => {} })).toEqual(refused('critical'))
    const dropped = (release: ReleasePredicate): void => (plain(release), void (release.droppedTags = ['critical']))
    expect(await afterwards(until(AFTER, one, two), { release: dropped })).toEqual(refused('critical'))
    const glass = (release: ReleasePredicate): void => (
      plain(release),
      void Object.assign(release, { breakGlass: { reason: 'plume' } }),
      void (release.plan.bakeMs = 1)
    )
    expect(await afterwards(until(AFTER, one, two), { release: glass })).toEqual(refused('lead'))
  })

  it('counts a revoked key for nothing, and one that ended before', async () => {
    const chief = office.people.get('EPA Chief')!.keyid
    const revoked = (each: RosterPredicate): void => void (each.revoked = [{ keyid: chief, since: BEFORE, reason: 'stolen' }])
    expect(await afterwards(until(AFTER, one, two), { roster: revoked })).toEqual(refused('lead'))
    const ended = ({ principals }: RosterPredicate): void => void (principals['epa-chief']!.keys[0]!.notAfter = BEFORE)
    expect(await afterwards(until(AFTER, one, two), { roster: ended })).toEqual(refused('lead'))
    const later = (each: RosterPredicate): void => void (each.revoked = [{ keyid: chief, since: AFTER, reason: 'stolen' }])
    expect(await afterwards(until(AFTER, one, two), { roster: later })).toEqual(GOOD)
  })

  it('accepts a signer who left a role, while the roster names them', async () => {
    const gone = ({ roles }: RosterPredicate): void =>
      roles.forEach((role) => void (role.match.service ?? (role.principals = ['epa-counsel', 'air-office'])))
    const four = (each: RosterPredicate): void => (
      gone(each),
      each.roles.forEach((role) => void (role.threshold = Math.min(role.threshold, 2)))
    )
    expect(await afterwards(until(AFTER, one), { roster: four })).toEqual(GOOD)
  })

  it('goes by the bounds and the rules for authors of that time', async () => {
    const bounded = (each: RosterPredicate): void => void Object.assign(each, { bounds: { minObserveMs: 5 }, authorSigns: true })
    const author = { author: 'Air Office', roster: bounded }
    expect(await afterwards(until(AFTER, one), { roster: bounded })).toEqual(GOOD)
    expect(await afterwards(until(AFTER, { ...one, bounds: { minObserveMs: 5 } }), { roster: bounded })).toEqual(
      refused('lead', 'plan-bounds'),
    )
    expect(await afterwards(until(AFTER, one), author)).toEqual(GOOD)
    const signing = [...until(AFTER, one), { role: two, until: AFTER, authorSigns: true }]
    expect(await afterwards(signing, author)).toEqual(refused('lead', 'author', 'plan-bounds'))
    expect(await afterwards([...signing, ...until(AFTER, lead).map((entry) => ({ ...entry, authorSigns: false }))], author)).toEqual(
      refused('lead', 'author', 'plan-bounds'),
    )
    const alone: Case = { author: 'EPA Chief' }
    expect(await afterwards(until(AFTER, one), alone)).toEqual(refused('lead'))
    expect(await afterwards(until(AFTER, { ...one, soleOfficial: true }), alone)).toEqual({ ...GOOD, soleOfficial: true })
  })

  it.each<[string, EarlierRole[]]>([
    ['an earlier role of a service', until(AFTER, { ...one, match: { service: 'rollout' } })],
    ['an earlier role of the roster itself', until(AFTER, { ...one, match: { root: true } })],
    ['an earlier role with a service as principal', until(AFTER, { ...one, principals: ['rollout'] })],
    ['a threshold that cannot be reached', until(AFTER, { ...one, threshold: 4 })],
    ['a threshold of zero', until(AFTER, { ...one, threshold: 0 })],
    ['one person twice', until(AFTER, { ...one, principals: ['epa-chief', 'epa-chief'] })],
    ['two earlier roles of one name and time', until(AFTER, one, { ...one, threshold: 2 })],
    ['no end', [{ role: one } as EarlierRole]],
    ['an end that is no time', until('soon', one)],
    ['more entries than the limit', Array.from({ length: 257 }, (_, index) => ({ role: one, until: new Date(index * 1e9).toISOString() }))],
  ])('is refused as a roster for %s', async (_what, earlierRoles) => {
    await expect(async () =>
      readRoster(await office.signedRoster(office.roster((each) => void (each.earlierRoles = earlierRoles)))),
    ).rejects.toThrow(/HMS_(ROSTER|STATEMENT)_INVALID/)
  })

  it('is read alike by both readers, whatever its earlier roles', async () => {
    const role = fc
      .record({
        principals: fc.subarray(ALL, { minLength: 1 }),
        match: fc.constantFrom({ all: true as const }, { tag: 'critical' }, { idPrefix: 'lead-' }),
      })
      .chain((some) => fc.integer({ min: 1, max: some.principals.length }).map((threshold) => ({ ...some, threshold })))
    const entry = fc.record({
      role,
      until: fc.constantFrom(BEFORE, SEEN, AFTER, AFTER, LATER),
      authorSigns: fc.option(fc.boolean(), { nil: undefined }),
    })
    let approved = 0
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(TWO, { minLength: 1 }),
        fc.constantFrom(null, 'Air Office'),
        fc.array(entry, { minLength: 1, maxLength: 4 }),
        async (signers, author, entries) => {
          const named = entries.map(({ authorSigns, ...each }, index) => ({
            ...each,
            role: { ...each.role, name: `r${index}` },
            ...(authorSigns === undefined ? {} : { authorSigns }),
          }))
          const { missing, refused: by } = await afterwards(named, { signers, author })
          expect(by === '').toBe(missing.length === 0)
          if (by === '') approved++
        },
      ),
      { numRuns: 80 },
    )
    expect(approved).toBeGreaterThan(1)
  })
})
