import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  approvalState,
  buildRelease,
  demoRoster,
  generateKeyPair,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  readRelease,
  readUnsignedRoster,
  signEnvelope,
  signRoster,
  vkeyOf,
  type KeyPair,
  type PlanBounds,
  type ReleasePredicate,
  type Role,
  type RosterPredicate,
} from '#libs/signing'
import { withEarlierRoles } from './earlier-roles.js'

const NOW = new Date('2026-03-02T09:00:00.300Z')
const UNTIL = '2026-03-02T09:00:01.000Z'
const SEEN = '2026-03-01T00:00:00Z'
const NAMES = ['Ada', 'Ben', 'Cem', 'Dee']
const IDS = ['ada', 'ben', 'cem', 'dee']
const pairs = new Map<string, KeyPair>(NAMES.map((name) => [name, generateKeyPair()]))
const [log, witness, operator] = [generateKeyPair(), generateKeyPair(), generateKeyPair()]

let base: RosterPredicate
beforeAll(() => {
  base = demoRoster({
    people: [...pairs].map(([name, { spki }]) => ({ name, spki })),
    services: [{ name: 'rollout', spki: generateKeyPair().spki }],
    operator,
    expires: '2036-01-01T00:00:00Z',
  })
  base.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(log.publicKey))
  base.witnesses = [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witness.publicKey))]
  base.quorum = 1
})

const changed = (change: (next: RosterPredicate) => void, from = base): RosterPredicate => {
  const next = structuredClone({ ...from, version: from.version + 1 })
  change(next)
  return next
}
const approving = ({ roles }: RosterPredicate): Role[] => roles.filter(({ match }) => match.service === undefined && match.root !== true)
const filled = (next: RosterPredicate, before = base): RosterPredicate => withEarlierRoles(next, before, NOW)
const all = (roles: Role[]): Role => roles.find(({ match }) => match.all)!

describe('the earlier roles of the next roster', () => {
  it.each<[string, (next: RosterPredicate) => void]>([
    ['a threshold is raised', ({ roles }) => void (all(roles).threshold = 2)],
    ['a person leaves a role', ({ roles }) => void all(roles).principals.pop()],
    ['a role comes for a tag', ({ roles }) => void roles.push({ ...all(roles), name: 'air', match: { tag: 'air' } })],
    ['a role speaks for an id in place of a tag', ({ roles }) => void (roles.find(({ match }) => match.tag)!.match = { idPrefix: 'epa-' })],
    ['a role goes', (next) => void (next.roles = next.roles.filter(({ match }) => match.tag === undefined))],
    ['a role has another name, by which the strictest of equals is chosen', ({ roles }) => void (all(roles).name = 'z')],
    ['plans are bound', (next) => void (next.bounds = { minObserveMs: 1 })],
    ['the author must sign', (next) => void (next.authorSigns = true)],
  ])('are the current roles if %s', (_what, change) => {
    const { earlierRoles } = filled(changed(change))
    expect(earlierRoles!.map(({ role }) => role)).toEqual(approving(base))
    expect(new Set(earlierRoles!.map(({ until }) => until))).toEqual(new Set([UNTIL]))
  })

  it.each<[string, (next: RosterPredicate) => void]>([
    ['nothing changes', () => {}],
    ['people of a role are listed in another order', ({ roles }) => void (all(roles).principals = all(roles).principals.toReversed())],
    ['a service has another key', ({ principals }) => void (principals['rollout']!.keys[0]!.spki = generateKeyPair().spki)],
    [
      'only who keeps the roster changes',
      ({ roles }) => void roles.push({ name: 'keepers', principals: IDS, threshold: 2, match: { root: true } }),
    ],
    ['an earlier role is dropped', (next) => void delete next.earlierRoles],
  ])('are unchanged if %s', (_what, change) => {
    const before = changed((next) => void (next.earlierRoles = [{ role: all(next.roles), until: '2026-01-01T00:00:00Z' }]))
    const next = changed(change, before)
    expect(filled(next, before)).toEqual(next)
  })

  it('are those that the proposer names, if they are new', () => {
    const own = [{ role: all(base.roles), until: '2026-02-01T00:00:00Z' }]
    const next = changed(({ roles, ...rest }) => void ((all(roles).threshold = 2), rest))
    expect(filled({ ...next, earlierRoles: own }).earlierRoles).toEqual(own)
  })

  it('are missing without witnesses, because only witnesses prove the time of an approval', () => {
    const { log: _log, witnesses: _witnesses, quorum: _quorum, ...unwitnessed } = base
    expect(
      filled(
        changed(({ roles }) => void (all(roles).threshold = 2), unwitnessed),
        unwitnessed,
      ),
    ).not.toHaveProperty('earlierRoles')
  })

  it('include the rules of the whole roster for plans and authors', () => {
    const before = changed((next) => {
      Object.assign(next, { bounds: { minObserveMs: 5, maxShare: 900 }, soleOfficial: true, authorSigns: true })
      all(next.roles).bounds = { minObserveMs: 3, requireEvidence: true }
    })
    const { earlierRoles } = filled(
      changed((next) => void Object.assign(next, { bounds: { minObserveMs: 9 }, authorSigns: false }), before),
      before,
    )
    const whole = { minObserveMs: 5, minBakeMs: 0, maxShare: 900, requireEvidence: true, requirePower: false }
    expect(earlierRoles!.find(({ role }) => role.match.all)).toMatchObject({
      role: { bounds: whole, soleOfficial: true },
      authorSigns: true,
    })
    expect(earlierRoles!.find(({ role }) => role.match.tag)!.role).not.toHaveProperty('soleOfficial')
  })

  it('omit the oldest if there are too many', () => {
    const many = Array.from({ length: 256 }, (_, index) => ({ role: all(base.roles), until: new Date(index * 1_000).toISOString() }))
    const before = changed((next) => void (next.earlierRoles = many))
    const { earlierRoles } = filled(
      changed(({ roles }) => void (all(roles).threshold = 2), before),
      before,
    )
    expect(earlierRoles).toHaveLength(256)
    expect(earlierRoles!.some(({ until }) => until === many[0]!.until)).toBe(false)
  })

  /** The property for which earlier roles exist. */
  it('let readers accept every release that was approved before the change, whatever changes', async () => {
    const bounds = fc.option(fc.record({ minObserveMs: fc.integer({ min: 0, max: 2 }) }, { requiredKeys: [] }), { nil: undefined })
    const role = fc
      .record({
        name: fc.constantFrom('a', 'b', 'c'),
        principals: fc.subarray(IDS, { minLength: 1 }),
        match: fc.constantFrom<Role['match']>({ all: true }, { tag: 'air' }, { tag: 'critical' }, { idPrefix: 'epa-' }),
        bounds,
        sole: fc.boolean(),
      })
      .chain(({ sole, bounds: own, ...rest }) =>
        fc.integer({ min: 1, max: rest.principals.length }).map((threshold): Role => ({
          ...rest,
          threshold,
          ...(own === undefined ? {} : { bounds: own as PlanBounds }),
          ...(sole && threshold === 1 ? { soleOfficial: true } : {}),
        })),
      )
    const rules = fc.record({
      roles: fc.uniqueArray(role, { selector: ({ name }) => name, maxLength: 3 }),
      bounds,
      soleOfficial: fc.boolean(),
      authorSigns: fc.boolean(),
    })
    const made = fc.record({
      signers: fc.subarray(NAMES, { minLength: 1 }),
      author: fc.constantFrom(null, ...NAMES),
      tags: fc.subarray(['air', 'critical']),
      observeMs: fc.integer({ min: 0, max: 3 }),
    })
    let taken = 0
    await fc.assert(
      fc.asyncProperty(fc.array(rules, { minLength: 2, maxLength: 4 }), made, async (steps, { signers, author, tags, observeMs }) => {
        const [first, ...rest] = steps.map(({ roles, bounds: whole, ...more }) =>
          changed(
            (next) =>
              void Object.assign(
                next,
                more,
                { roles: roles.length === 0 ? next.roles : roles },
                whole === undefined ? {} : { bounds: whole },
              ),
          ),
        )
        const release = readRelease(
          await signEnvelope(
            releaseOf(author, tags, observeMs),
            signers.map((name) => localSigner(pairs.get(name)!.privateKey)),
          ),
        )
        const isTaken = async (roster: RosterPredicate): Promise<boolean> => {
          try {
            return approvalState(readUnsignedRoster(await signRoster(roster, [])), release, SEEN).complete
          } catch {
            return false
          }
        }
        if (!(await isTaken(first!))) return
        taken++
        const newest = rest.reduce(
          (before, next) => filled({ ...next, ...(before.earlierRoles && { earlierRoles: before.earlierRoles }) }, before),
          first!,
        )
        expect(await isTaken(newest)).toBe(true)
      }),
      { numRuns: 150 },
    )
    expect(taken).toBeGreaterThan(10)
  })
})

function releaseOf(author: string | null, tags: string[], observeMs: number): Uint8Array {
  const predicate: Omit<ReleasePredicate, 'bundle'> = {
    policy: { id: 'epa-limit', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 1, tags },
    releaseEpoch: 1,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author,
    plan: { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs, bakeMs: 0, partners: null },
    preparedAt: '2026-02-01T00:00:00Z',
    expires: '2026-02-08T00:00:00Z',
  }
  return buildRelease(predicate).payload
}
