import { describe, expect, it } from 'vitest'
import {
  approvalRequirement,
  DEMO_PEOPLE,
  demoRoster,
  generateKeyPair,
  localSigner,
  nextRoster,
  readRoster,
  readSuccessor,
  requireUnexpired,
  rootState,
  signRoster,
  type Envelope,
  type KeyPair,
  type Roster,
  type RosterPredicate,
} from '../index.js'

const [chief, counsel, air, liaison, outsider] = Array.from({ length: 5 }, generateKeyPair) as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair]
const rollout = generateKeyPair()
const first = demoRoster({
  people: DEMO_PEOPLE.map((name, i) => ({ name, spki: [chief, counsel, air, liaison][i]!.spki })),
  services: [{ name: 'rollout', spki: rollout.spki }],
  operator: generateKeyPair(),
  expires: '2034-01-01T00:00:00Z',
})
const inspector = generateKeyPair()

const sign = (predicate: RosterPredicate, by: readonly KeyPair[]) =>
  signRoster(
    predicate,
    by.map(({ privateKey }) => localSigner(privateKey)),
  )

/** Successor of the first roster, by default version 2, with an inspector who may approve. */
function successor(edit: (next: RosterPredicate) => void = () => undefined, of = first): RosterPredicate {
  const next = { ...structuredClone(of), version: of.version + 1 }
  next.principals['inspector'] = { name: 'Inspector', kind: 'person', keys: [{ keyid: inspector.keyid, spki: inspector.spki }] }
  if (!next.roles[0]!.principals.includes('inspector')) next.roles[0]!.principals.push('inspector')
  edit(next)
  return next
}

/** Successor whose people have none of the keys in the first roster. */
function newPeople(): RosterPredicate {
  return successor((next) => {
    next.principals['epa-chief']!.keys = [{ keyid: outsider.keyid, spki: outsider.spki }]
    for (const id of ['epa-counsel', 'air-office', 'state-liaison']) {
      next.principals[id]!.keys = []
    }
  })
}

const pinned = async (edit: (roster: RosterPredicate) => void = () => undefined): Promise<Roster> => {
  const copy = structuredClone(first)
  edit(copy)
  return readRoster(await sign(copy, [chief, counsel, air, liaison]))
}

const refusal = async (current: Roster, envelope: Envelope): Promise<string> => {
  try {
    return `taken: ${nextRoster(current, envelope).version}`
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('the next roster', () => {
  it('is accepted with the signers that both rosters require', async () => {
    const roster = nextRoster(await pinned(), await sign(successor(), [chief, counsel]))
    expect([roster.version, roster.principalOfKey(inspector.keyid)?.name]).toEqual([2, 'Inspector'])
  })

  it.each<[string, (next: RosterPredicate) => void]>([
    [
      'a version skipped',
      (next) => {
        next.version = 3
      },
    ],
    [
      'the version repeated',
      (next) => {
        next.version = 1
      },
    ],
    [
      'an older version',
      (next) => {
        next.version = 0
      },
    ],
  ])('%s: HMS_ROSTER_VERSION', async (_what, edit) => {
    expect(await refusal(await pinned(), await sign(successor(edit), [chief, counsel, air]))).toBe('HMS_ROSTER_VERSION')
  })

  it('is rejected if it is an older version, even with all signatures', async () => {
    const [one, two] = [await sign(structuredClone(first), [chief, counsel]), await sign(successor(), [chief, counsel])]
    const newest = nextRoster(readRoster(one), two)
    expect([await refusal(newest, one), await refusal(newest, two)]).toEqual(['HMS_ROSTER_VERSION', 'HMS_ROSTER_VERSION'])
  })

  it.each<[string, RosterPredicate, readonly KeyPair[]]>([
    ['no signer', successor(), []],
    ['one person', successor(), [chief]],
    ['one person twice', successor(), [chief, chief]],
    ['one old root, and the threshold of the new one', successor(), [chief, inspector]],
    ['the new keys alone', newPeople(), [outsider, inspector]],
    ['the old keys alone', newPeople(), [chief, counsel]],
    ['programs', successor(), [rollout, rollout]],
  ])('signed by %s: HMS_ROSTER_THRESHOLD', async (_what, next, by) => {
    expect(await refusal(await pinned(), await sign(next, by))).toBe('HMS_ROSTER_THRESHOLD')
  })

  it('counts one person with two keys once, by the current and by the next roster', async () => {
    const second = generateKeyPair()
    const both = (roster: RosterPredicate) => void roster.principals['epa-chief']!.keys.push({ keyid: second.keyid, spki: second.spki })
    expect(await refusal(await pinned(both), await sign(successor(both), [chief, second]))).toBe('HMS_ROSTER_THRESHOLD')
    expect(await refusal(await pinned(both), await sign(successor(both), [second, counsel]))).toBe('taken: 2')
  })

  it.each<[string, string, (next: RosterPredicate) => void]>([
    [
      'one key for two people',
      'HMS_ROSTER_INVALID',
      (next) => next.principals['inspector']!.keys.push({ keyid: chief.keyid, spki: chief.spki }),
    ],
    [
      'another profile',
      'HMS_ROSTER_PROFILE',
      (next) => {
        next.profile = 'production'
      },
    ],
    [
      'two roles for the roster',
      'HMS_ROSTER_INVALID',
      (next) => next.roles.push(rootRole('a', 1, 'epa-chief'), rootRole('b', 1, 'epa-chief')),
    ],
    [
      'one key revoked twice',
      'HMS_ROSTER_INVALID',
      (next) => {
        next.revoked = [revoked(air, '2030-01-01T00:00:00Z'), revoked(air, '2031-01-01T00:00:00Z')]
      },
    ],
  ])('with %s: %s', async (_what, code, edit) => {
    expect(await refusal(await pinned(), await sign(successor(edit), [chief, counsel]))).toBe(code)
  })

  it('cannot turn a production roster into a demo roster', async () => {
    const current = await pinned((roster) => {
      roster.profile = 'production'
    })
    expect(await refusal(current, await sign(successor(), [chief, counsel]))).toBe('HMS_ROSTER_PROFILE')
  })

  it('may have expired if a newer one follows; the newest must be valid at the given time', async () => {
    const roster = nextRoster(
      await pinned(),
      await sign(
        successor((next) => {
          next.expires = '2020-01-01T00:00:00Z'
        }),
        [chief, counsel],
      ),
    )
    expect(() => requireUnexpired(roster, '2019-12-31T23:59:59Z')).not.toThrow()
    expect(() => requireUnexpired(roster, '2020-01-01T00:00:00Z')).toThrow('HMS_ROSTER_EXPIRED')
  })

  it('can be read without signatures, and is checked by all other rules', async () => {
    const current = await pinned()
    expect(readSuccessor(current, await sign(successor(), [])).version).toBe(2)
    const skipped = await sign(
      successor((next) => {
        next.version = 4
      }),
      [],
    )
    expect(() => readSuccessor(current, skipped)).toThrow('HMS_ROSTER_VERSION')
  })
})

describe('a root role', () => {
  const root =
    (threshold: number, ...principals: string[]) =>
    (roster: RosterPredicate) =>
      void roster.roles.push(rootRole('root', threshold, ...principals))

  it('defines the signers of roster changes, instead of any people up to the highest threshold', async () => {
    const [rule, current] = [root(1, 'epa-chief'), await pinned(root(1, 'epa-chief'))]
    expect(await refusal(current, await sign(successor(rule), [counsel, air, liaison]))).toBe('HMS_ROSTER_THRESHOLD')
    expect(await refusal(current, await sign(successor(rule), [chief]))).toBe('taken: 2')
  })

  it('of the next roster applies too', async () => {
    const next = successor(root(3, 'epa-chief', 'epa-counsel', 'inspector'))
    expect(await refusal(await pinned(), await sign(next, [chief, counsel, air]))).toBe('HMS_ROSTER_THRESHOLD')
    expect(await refusal(await pinned(), await sign(next, [chief, counsel, inspector]))).toBe('taken: 2')
  })

  it('does not permit approving policies', async () => {
    const current = await pinned(root(4, 'epa-chief', 'epa-counsel', 'air-office', 'state-liaison'))
    expect(approvalRequirement(current, { policy: { id: 'lead-limit' } })).toMatchObject({ role: 'official', threshold: 1 })
  })

  it('is reported with the people who signed and the threshold', async () => {
    const current = await pinned(root(2, 'epa-chief', 'epa-counsel'))
    const state = rootState(await sign(successor(), [chief, air]), current)
    expect(state).toMatchObject({ signed: [{ id: 'epa-chief' }], threshold: 2, complete: false })
  })
})

describe('a revoked key', () => {
  const since = '2030-06-01T00:00:00Z'
  const theft = (next: RosterPredicate) => {
    next.revoked = [revoked(air, since), revoked(rollout, since)]
  }

  it('is invalid from its revocation on, valid for earlier signatures, and never valid for new ones', async () => {
    const roster = nextRoster(await pinned(), await sign(successor(theft), [chief, counsel]))
    const people = (at?: string) => roster.keysOfKind('person', at).has(air.keyid)
    const service = (at?: string) => roster.serviceKeys('rollout', at).has(rollout.keyid)
    expect([people('2030-05-31T23:59:59Z'), people(since), people('2031-01-01T00:00:00Z'), people()]).toEqual([true, false, false, false])
    expect([service('2030-05-31T23:59:59Z'), service(since), service()]).toEqual([true, false, false])
    expect([
      roster.isLive(air.keyid, '2030-01-01T00:00:00Z'),
      roster.isLive(chief.keyid, '2030-01-01T00:00:00Z'),
      roster.isLive('SHA256:x', '2030-01-01T00:00:00Z'),
    ]).toEqual([false, true, false])
    expect([roster.revokedSince(air.keyid), roster.revokedSince(chief.keyid)]).toEqual([since, undefined])
  })

  it('does not count on the roster that revokes it, nor on a later one', async () => {
    expect(await refusal(await pinned(), await sign(successor(theft), [chief, air]))).toBe('HMS_ROSTER_THRESHOLD')
    const second = successor(theft)
    const current = nextRoster(await pinned(), await sign(second, [chief, counsel]))
    expect(
      await refusal(
        current,
        await sign(
          successor(() => undefined, second),
          [chief, air],
        ),
      ),
    ).toBe('HMS_ROSTER_THRESHOLD')
  })

  it('stays revoked: a later roster may only backdate the revocation', async () => {
    const second = successor(theft)
    const current = nextRoster(await pinned(), await sign(second, [chief, counsel]))
    const third = (...list: NonNullable<RosterPredicate['revoked']>) =>
      sign(
        successor((next) => {
          next.revoked = [revoked(rollout, since), ...list]
        }, second),
        [chief, counsel],
      )
    expect(await refusal(current, await third())).toBe('HMS_ROSTER_INVALID')
    expect(await refusal(current, await third(revoked(air, '2030-06-01T00:00:01Z')))).toBe('HMS_ROSTER_INVALID')
    expect(await refusal(current, await third(revoked(air, '2030-01-01T00:00:00Z')))).toBe('taken: 3')
  })
})

function rootRole(name: string, threshold: number, ...principals: string[]): RosterPredicate['roles'][number] {
  return { name, principals, threshold, match: { root: true } }
}

function revoked({ keyid }: KeyPair, since: string) {
  return { keyid, since, reason: 'stolen' }
}
