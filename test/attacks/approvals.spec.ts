import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Envelope, RampStep } from '#libs/contracts'
import {
  addSignature,
  generateKeyPair,
  localSigner,
  PREDICATE_TYPES,
  readRoster,
  signEnvelope,
  statement,
  subjectOfPredicate,
  type ReleasePredicate,
  type Role,
  type RosterPredicate,
} from '#libs/signing'
import { verifyBundle } from '#libs/verify'
import { bundleOf, office, saidOf, TWO, type Case } from './both-readers.js'
import { bytesOf } from './office.js'

const production = (roster: RosterPredicate): void => void (roster.profile = 'production')
const second = generateKeyPair()
const stepOf = ({ share, scope, scopeName }: ReleasePredicate['plan']): RampStep => ({ share, scope, scopeName })
const plain = (release: ReleasePredicate): void => void (release.policy['tags'] = ['air'])

describe('people who count', () => {
  const good: [string, Case, string[]][] = [
    ['two people', {}, ['epa-chief', 'epa-counsel']],
    ['the author and two others', { author: 'Air Office', signers: [...TWO, 'Air Office'] }, ['epa-chief', 'epa-counsel']],
    ['the author by id, and two others', { author: 'air-office', signers: ['Air Office', ...TWO] }, ['epa-chief', 'epa-counsel']],
    ['an author who is not in the roster, in dev', { author: 'Somebody Else' }, ['epa-chief', 'epa-counsel']],
    ['a name that differs from the author’s by a letter’s case', { author: 'epa chief' }, ['epa-chief', 'epa-counsel']],
    ['a stranger’s signature beside two good ones', { signers: [...TWO, 'nobody'] }, ['epa-chief', 'epa-counsel']],
    [
      'the author’s signature that a production roster does not require',
      { author: 'Air Office', roster: (roster) => (production(roster), void (roster.authorSigns = false)) },
      ['epa-chief', 'epa-counsel'],
    ],
    [
      'the author’s own signature in production',
      { author: 'Air Office', signers: ['Air Office', ...TWO], roster: production },
      ['epa-chief', 'epa-counsel'],
    ],
    [
      'a plan within the bounds',
      {
        roster: (roster) => void (roster.bounds = { minObserveMs: 5, minBakeMs: 6, maxShare: 500, requireEvidence: true }),
        release: ({ plan }) => void Object.assign(plan, { observeMs: 5, bakeMs: 6, requireEvidence: true }),
      },
      ['epa-chief', 'epa-counsel'],
    ],
  ]

  it.each(good)('%s', async (_what, given, approvedBy) => {
    expect(await saidOf(await bundleOf(given))).toEqual({ approvedBy, soleOfficial: false, missing: [], refused: '' })
  })

  it.each([
    ['the whole roster', (roster: RosterPredicate): void => void (roster.soleOfficial = true)],
    ['a role', ({ roles }: RosterPredicate): void => void (roles[0]!.soleOfficial = true)],
  ])('the author alone, where one is enough and %s allows it; provenance records that', async (_what, roster) => {
    const given: Case = { author: 'EPA Chief', signers: ['EPA Chief'], release: plain, roster }
    expect(await saidOf(await bundleOf(given))).toEqual({ approvedBy: ['epa-chief'], soleOfficial: true, missing: [], refused: '' })
    expect(await saidOf(await bundleOf({ ...given, roster: (each) => (roster(each), production(each)) }))).toMatchObject({
      soleOfficial: true,
      missing: [],
    })
  })
})

describe('an approval', () => {
  const RELEASE = 'HMS_VERIFY_RELEASE'
  const bad: [string, Case, string, string][] = [
    ['one of two approvers', { signers: ['EPA Chief'] }, 'critical', RELEASE],
    ['the author alone, where one is enough', { author: 'EPA Chief', signers: ['EPA Chief'], release: plain }, 'official', RELEASE],
    ['the author and one of two', { author: 'EPA Counsel' }, 'critical', RELEASE],
    ['the author by id and one of two', { author: 'epa-counsel' }, 'critical', RELEASE],
    [
      'the author and one of two, with a roster that lets one be enough',
      { author: 'EPA Counsel', roster: (roster) => void (roster.soleOfficial = true) },
      'critical',
      RELEASE,
    ],
    [
      'a name that two people bear, one as an id',
      { author: 'epa-chief', roster: ({ principals }) => void (principals['epa-counsel']!.name = 'epa-chief') },
      'critical',
      RELEASE,
    ],
    [
      'one person with two keys',
      {
        signers: ['EPA Chief'],
        roster: ({ principals }) => void principals['epa-chief']!.keys.push({ keyid: second.keyid, spki: second.spki }),
        envelope: (envelope) => addSignature(envelope, localSigner(second.privateKey)),
      },
      'critical',
      RELEASE,
    ],
    [
      'one key under two ids',
      { roster: ({ principals }) => void (principals['epa-counsel']!.keys = principals['epa-chief']!.keys) },
      'HMS_ROSTER_INVALID',
      'HMS_VERIFY_ROSTER',
    ],
    [
      'one signature twice',
      { signers: ['EPA Chief'], envelope: (envelope) => ({ ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] }) },
      'critical',
      RELEASE,
    ],
    [
      'one signature twice, once without its key id',
      {
        signers: ['EPA Chief'],
        envelope: (envelope) => ({ ...envelope, signatures: [...envelope.signatures, { keyid: '', sig: envelope.signatures[0]!.sig }] }),
      },
      'critical',
      RELEASE,
    ],
    ['an outsider', { signers: ['EPA Chief', 'nobody'] }, 'critical', RELEASE],
    ['an outsider with a stolen key id', { signers: ['EPA Chief', 'nobody'], envelope: withStolenKeyId }, 'critical', RELEASE],
    ['a service', { signers: ['EPA Chief', 'rollout'] }, 'critical', RELEASE],
    [
      'a person without a role for it',
      { roster: ({ roles }) => void (roles[1]!.principals = ['epa-chief', 'air-office']) },
      'critical',
      RELEASE,
    ],
    [
      'one of two for a tag',
      { release: plain, signers: ['EPA Chief'], roster: ({ roles }) => void roles.push(airRole({ tag: 'air' })) },
      'air',
      RELEASE,
    ],
    [
      'one of two for a tag that was dropped',
      { release: (release) => (plain(release), void (release.droppedTags = ['critical'])), signers: ['EPA Chief'] },
      'critical',
      RELEASE,
    ],
    [
      'one of two for an id prefix',
      { release: plain, signers: ['EPA Chief'], roster: ({ roles }) => void roles.push(airRole({ idPrefix: 'lead-' })) },
      'air',
      RELEASE,
    ],
    [
      'the one of two equal roles whose name comes later',
      {
        release: plain,
        signers: ['EPA Chief'],
        roster: ({ roles }) => void roles.push(oneOf('z', 'epa-chief'), oneOf('a', 'epa-counsel')),
      },
      'a',
      RELEASE,
    ],
    ['a missing author, in production', { roster: production }, 'author', RELEASE],
    ['an author who is not in the roster, in production', { author: 'Somebody Else', roster: production }, 'author', RELEASE],
    ['a service as author, in production', { author: 'rollout', roster: production }, 'author', RELEASE],
    ['an author who did not sign, in production', { author: 'Air Office', roster: production }, 'author', RELEASE],
    [
      'an author who did not sign where the roster requires it',
      { author: 'Air Office', roster: (roster) => void (roster.authorSigns = true) },
      'author',
      RELEASE,
    ],
    ['too short an observation', { roster: (roster) => void (roster.bounds = { minObserveMs: 1 }) }, 'plan-bounds', RELEASE],
    ['too short a bake', { roster: (roster) => void (roster.bounds = { minBakeMs: 1 }) }, 'plan-bounds', RELEASE],
    ['too large a canary', { roster: (roster) => void (roster.bounds = { maxShare: 499 }) }, 'plan-bounds', RELEASE],
    [
      'a ramp that comes to too large a canary',
      {
        roster: (roster) => void (roster.bounds = { maxShare: 5_000 }),
        release: ({ plan }) => void (plan.ramp = [plan, { ...plan, share: 5_001 }].map(stepOf)),
      },
      'plan-bounds',
      RELEASE,
    ],
    ['a plan without evidence', { roster: (roster) => void (roster.bounds = { requireEvidence: true }) }, 'plan-bounds', RELEASE],
    [
      'a plan outside of the bounds of its role',
      { roster: ({ roles }) => void (roles[1]!.bounds = { minObserveMs: 1 }) },
      'plan-bounds',
      RELEASE,
    ],
  ]

  it.each(bad)('is not made by %s', async (_what, given, missing, refused) => {
    expect(await saidOf(await bundleOf(given))).toEqual({ approvedBy: [], soleOfficial: false, missing: [missing], refused })
  })

  it('is not made under a roster that binds plans by what the reader does not know', async () => {
    const { roster, ...parts } = await bundleOf({})
    const newer = { ...roster, bounds: { maxRegions: 1 } }
    const payload = statement(PREDICATE_TYPES.roster, [subjectOfPredicate(`roster@${roster.version}`, newer)], newer)
    const signed = await signEnvelope(
      payload,
      [...office.people.keys()].map((name) => office.signer(name)),
    )
    expect(() => readRoster(signed)).toThrow(expect.objectContaining({ code: 'HMS_STATEMENT_INVALID' }) as Error)
    await expect(verifyBundle(bytesOf(parts), { roster: Buffer.from(JSON.stringify(signed)) })).rejects.toMatchObject({ code: RELEASE })
  })

  it('is the same to both readers, whatever roster, author and signers', async () => {
    const names = [...office.people.keys()]
    const ids = names.map((name) => name.toLowerCase().replace(' ', '-'))
    const principals = fc.subarray(ids, { minLength: 1 })
    const role = fc
      .record({ principals, tag: fc.constantFrom('critical', 'air', 'other'), sole: fc.boolean() })
      .chain(({ principals: some, tag, sole }) =>
        fc.integer({ min: 1, max: some.length }).map((threshold): Omit<Role, 'name'> => ({
          principals: some,
          threshold,
          match: { tag },
          ...(threshold === 1 ? { soleOfficial: sole } : {}),
        })),
      )
    const harness = fc.record({
      signers: fc.subarray([...names, 'nobody', 'rollout']),
      author: fc.constantFrom(null, 'Nobody Known', ...names, ...ids),
      roles: fc.array(role, { maxLength: 3 }),
      isProduction: fc.boolean(),
      soleOfficial: fc.option(fc.boolean(), { nil: undefined }),
      authorSigns: fc.option(fc.boolean(), { nil: undefined }),
      minObserveMs: fc.integer({ min: 0, max: 2 }),
      observeMs: fc.integer({ min: 0, max: 3 }),
    })
    let approved = 0
    await fc.assert(
      fc.asyncProperty(harness, async ({ signers, author, roles, isProduction, soleOfficial, authorSigns, minObserveMs, observeMs }) => {
        const said = await saidOf(
          await bundleOf({
            signers,
            author,
            release: ({ plan }) => void (plan.observeMs = observeMs),
            roster: (roster) => {
              roster.roles.push(...roles.map((each, index) => ({ ...each, name: `role-${index}` })))
              Object.assign(roster, {
                ...(isProduction ? { profile: 'production' } : {}),
                ...(soleOfficial === undefined ? {} : { soleOfficial }),
                ...(authorSigns === undefined ? {} : { authorSigns }),
                bounds: { minObserveMs },
              })
            },
          }),
        )
        expect(said.refused).toBe(said.missing.length === 0 ? '' : RELEASE)
        if (said.refused === '') approved++
      }),
      { numRuns: 60 },
    )
    expect(approved).toBeGreaterThan(1)
  })
})

function airRole(match: Role['match']): Role {
  return { name: 'air', principals: ['epa-chief', 'epa-counsel', 'air-office'], threshold: 2, match }
}

function oneOf(name: string, id: string): Role {
  return { name, principals: [id], threshold: 1, match: { tag: 'air' } }
}

function withStolenKeyId(envelope: Envelope): Envelope {
  const [first, other] = envelope.signatures
  return { ...envelope, signatures: [first!, { keyid: office.people.get('EPA Counsel')!.keyid, sig: other!.sig }] }
}
