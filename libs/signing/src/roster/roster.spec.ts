import { describe, expect, it } from 'vitest'
import {
  DEMO_PEOPLE,
  demoRoster,
  generateKeyPair,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  readRoster,
  signRoster,
  vkeyOf,
  type EarlierLog,
  type RosterPredicate,
} from '../index.js'

const pairs = DEMO_PEOPLE.map((name) => ({ name, ...generateKeyPair() }))
const signers = pairs.map(({ privateKey }) => localSigner(privateKey))
const rollout = generateKeyPair()
const operator = generateKeyPair()
const demo = demoRoster({ people: pairs, services: [{ name: 'rollout', spki: rollout.spki }], operator, expires: '2034-01-01T00:00:00Z' })

/** Signs an edited copy of the demo roster and reads it. */
async function readEdited(edit: (roster: RosterPredicate) => void, by = signers) {
  const copy = structuredClone(demo)
  edit(copy)
  return readRoster(await signRoster(copy, by))
}

describe('the demo roster', () => {
  it('finds people by name and key, and services by name', async () => {
    const roster = await readEdited(() => undefined)
    expect(roster.principalByName('EPA Chief')).toMatchObject({ id: 'epa-chief', kind: 'person' })
    expect(roster.principalByName('Stranger')).toBeUndefined()
    expect(roster.principalOfKey(pairs[2]?.keyid ?? '')?.name).toBe('Air Office')
    expect([...roster.serviceKeys('rollout').keys()]).toEqual([rollout.keyid])
    expect(roster.serviceKeys('linter').size).toBe(0)
    expect([...roster.keysOfKind('operator').keys()]).toEqual([operator.keyid])
    expect(roster.keysOfKind('person').size).toBe(4)
  })

  it('omits keys that are not valid at the given time', async () => {
    const roster = await readEdited(({ principals }) => {
      const key = principals['epa-chief']?.keys[0]
      if (key) Object.assign(key, { notBefore: '2024-01-01T00:00:00Z', notAfter: '2025-01-01T00:00:00Z' })
    })
    const size = (at?: string) => roster.keysOfKind('person', at).size
    expect([size(), size('2023-12-31T23:59:59Z'), size('2024-01-01T00:00:00Z'), size('2025-01-01T00:00:00Z')]).toEqual([4, 3, 4, 3])
  })

  it('returns the keys with which a service could sign since a time', async () => {
    const since = '2024-06-01T00:00:00Z'
    const sizeWith = async (key: object, revoked?: string) => {
      const roster = await readEdited((edited) => {
        Object.assign(edited.principals['rollout']!.keys[0]!, key)
        if (revoked !== undefined) edited.revoked = [{ keyid: rollout.keyid, since: revoked, reason: 'lost' }]
      })
      return roster.serviceKeysSince('rollout', since).size
    }
    expect(
      await Promise.all([{}, { notBefore: '2025-01-01T00:00:00Z' }, { notAfter: '2024-06-01T00:00:01Z' }].map((key) => sizeWith(key))),
    ).toEqual([1, 1, 1])
    expect(await Promise.all([sizeWith({ notAfter: since }), sizeWith({}, since), sizeWith({}, '2024-06-01T00:00:01Z')])).toEqual([0, 0, 1])
  })

  it('rejects two members with one id', () => {
    const twice = [...pairs, { name: 'epa chief', spki: rollout.spki }]
    expect(() => demoRoster({ people: twice, services: [], operator, expires: demo.expires })).toThrow(TypeError)
  })
})

describe('a roster', () => {
  it.each<[string, (roster: RosterPredicate) => void]>([
    ['one key for two people', ({ principals }) => principals['epa-counsel']?.keys.push(...(principals['epa-chief']?.keys ?? []))],
    ['one key twice for one person', ({ principals }) => principals['epa-chief']?.keys.push(...(principals['epa-chief']?.keys ?? []))],
    ['a key under another id', ({ principals }) => principals['epa-chief']?.keys.push({ keyid: 'SHA256:x', spki: rollout.spki })],
    [
      'a threshold beyond its people',
      ({ roles }) =>
        roles.forEach((role) => {
          role.threshold = 5
        }),
    ],
    [
      'a threshold of zero',
      ({ roles }) =>
        roles.forEach((role) => {
          role.threshold = 0
        }),
    ],
    ['a person twice in a role', ({ roles }) => roles.forEach((role) => role.principals.push(...role.principals))],
    ['a stranger in a role', ({ roles }) => roles[0]?.principals.push('mallory')],
    ['a service among the approvers', ({ roles }) => roles[0]?.principals.push('rollout')],
    ['two people of one name', ({ principals }) => Object.assign(principals['epa-counsel'] ?? {}, { name: 'epa chief' })],
    [
      'names that differ by a kind of blank',
      ({ principals }) => Object.assign(principals['epa-counsel'] ?? {}, { name: 'EPA\u00a0 Chief' }),
    ],
    ['names that differ by a width', ({ principals }) => Object.assign(principals['epa-counsel'] ?? {}, { name: '\uff25PA Chief' })],
    ['two people where one is to be enough', ({ roles }) => Object.assign(roles[1] ?? {}, { soleOfficial: true })],
    ['two roles of one name', ({ roles }) => roles.push(...roles.slice(0, 1))],
  ])('with %s is refused', async (_what, edit) => {
    await expect(readEdited(edit)).rejects.toMatchObject({ code: 'HMS_ROSTER_INVALID' })
  })

  it.each<[string, (earlier: EarlierLog) => void]>([
    ['without a time', (earlier) => void (earlier.quorum = 0)],
    ['that requires more witnesses than it has', (earlier) => void (earlier.quorum = 2)],
    ['that is a witness', (earlier) => void (earlier.log = earlier.witnesses[0]!)],
    ['whose witness is a log', (earlier) => void (earlier.witnesses = [earlier.log])],
    [
      'whose key is a person’s',
      (earlier) => void (earlier.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(pairs[0]!.publicKey))),
    ],
  ])('with an earlier log %s is refused', async (_what, change) => {
    const [log, witness] = [generateKeyPair(), generateKeyPair()]
    const earlier: EarlierLog = {
      log: vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(log.publicKey)),
      witnesses: [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witness.publicKey))],
      quorum: 1,
      until: '2030-01-01T00:00:00Z',
    }
    const withLogs = (roster: RosterPredicate): void => {
      roster.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(generateKeyPair().publicKey))
      roster.earlierLogs = [earlier]
    }
    const { logPolicies } = await readEdited(withLogs)
    expect(logPolicies.map(({ until }) => until)).toEqual([undefined, Date.parse('2030-01-01T00:00:00Z')])
    change(earlier)
    await expect(readEdited(withLogs)).rejects.toMatchObject({ code: 'HMS_ROSTER_INVALID' })
    await expect(readEdited((roster) => void (withLogs(roster), delete roster.log))).rejects.toMatchObject({ code: 'HMS_ROSTER_INVALID' })
  })

  it('with an ambiguous match is refused', async () => {
    for (const match of [{}, { all: true, tag: 'air' }, { service: 'rollout', tag: 'air' }] as const) {
      const read = readEdited(({ roles }) => Object.assign(roles[0] ?? {}, { match }))
      await expect(read).rejects.toMatchObject({ code: 'HMS_STATEMENT_INVALID' })
    }
  })

  it('signed by fewer people than the highest threshold of a role is refused', async () => {
    const code = { code: 'HMS_ROSTER_THRESHOLD' }
    await expect(readEdited(() => undefined, signers.slice(0, 1))).rejects.toMatchObject(code)
    const programs = [rollout, operator].map(({ privateKey }) => localSigner(privateKey))
    await expect(readEdited(() => undefined, programs)).rejects.toMatchObject(code)
    expect((await readEdited(() => undefined, signers.slice(0, 2))).version).toBe(1)
  })
})
