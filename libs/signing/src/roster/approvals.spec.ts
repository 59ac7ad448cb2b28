import { describe, expect, it } from 'vitest'
import {
  approvalRequirement,
  approvalState,
  buildRelease,
  DEMO_PEOPLE,
  demoRoster,
  generateKeyPair,
  localSigner,
  readRelease,
  readRoster,
  signEnvelope,
  signRoster,
  type KeyPair,
  type ReleasePredicate,
  type Roster,
  type RosterPredicate,
} from '../index.js'

const pairs = new Map(DEMO_PEOPLE.map((name) => [name, generateKeyPair()]))
const people = [...pairs].map(([name, { spki }]) => ({ name, spki }))
const secondKey = generateKeyPair()
const service = generateKeyPair()
const demo = demoRoster({
  people,
  services: [{ name: 'rollout', spki: service.spki }],
  operator: generateKeyPair(),
  expires: '2034-01-01T00:00:00Z',
})
const plain = { id: 'epa-pm25-limit', version: '2.0.0', limit: 25, tags: ['air'] }
const critical = { ...plain, tags: ['air', 'critical'] }

const signerOf = (pair: KeyPair | undefined) => localSigner((pair ?? generateKeyPair()).privateKey)

async function rosterWith(edit: (roster: RosterPredicate) => void = () => undefined): Promise<Roster> {
  const copy = structuredClone(demo)
  edit(copy)
  return readRoster(await signRoster(copy, [...pairs.values()].map(signerOf)))
}

function releaseOf(policy: ReleasePredicate['policy'], more: Partial<ReleasePredicate> = {}): Uint8Array {
  return buildRelease({
    policy,
    releaseEpoch: 1,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author: null,
    plan: { share: 500, scope: 'global', scopeName: 'everywhere', observeMs: 1, bakeMs: 1, partners: [] },
    preparedAt: '2024-09-01T00:00:00Z',
    expires: '2024-09-02T00:00:00Z',
    ...more,
  }).payload
}

const signedBy = (policy: ReleasePredicate['policy'], ...by: (KeyPair | undefined)[]) => signEnvelope(releaseOf(policy), by.map(signerOf))

describe('approvalRequirement', () => {
  it('requires one official, and two for a policy tagged critical', async () => {
    const roster = await rosterWith()
    expect(approvalRequirement(roster, { policy: plain })).toMatchObject({ role: 'official', threshold: 1 })
    expect(approvalRequirement(roster, { policy: critical })).toMatchObject({ role: 'critical', threshold: 2 })
    expect(approvalRequirement(roster, { policy: { id: 'x' } }).eligible).toHaveLength(4)
  })

  it('prefers a role for a tag or prefix to the default, and the strictest of several', async () => {
    const roster = await rosterWith(({ roles }) =>
      roles.push(
        { name: 'air', principals: ['air-office'], threshold: 1, match: { tag: 'air' } },
        { name: 'epa', principals: ['epa-chief', 'epa-counsel', 'air-office'], threshold: 2, match: { idPrefix: 'epa-', tag: 'air' } },
      ),
    )
    expect(approvalRequirement(roster, { policy: { ...plain, id: 'va-pm25' } }).role).toBe('air')
    expect(approvalRequirement(roster, { policy: plain }).role).toBe('epa')
    expect(approvalRequirement(roster, { policy: critical }).role).toBe('epa')
    expect(approvalRequirement(roster, { policy: { ...plain, tags: [] } }).role).toBe('official')
  })

  it('throws if no role matches', async () => {
    const roster = await rosterWith(({ roles }) => roles.splice(0, 1))
    expect(() => approvalRequirement(roster, { policy: plain })).toThrow('HMS_ROSTER_NO_ROLE')
  })
})

describe('approvalState', () => {
  const [chief, counsel] = [pairs.get('EPA Chief'), pairs.get('EPA Counsel')]

  it('is complete with one official for a policy without tags', async () => {
    const state = approvalState(await rosterWith(), readRelease(await signedBy(plain, chief)))
    const approvedBy = [{ id: 'epa-chief', name: 'EPA Chief' }]
    expect(state).toEqual({ approvedBy, notCounted: [], missing: [], complete: true, soleOfficial: false, invalid: [] })
    expect(approvalState(await rosterWith(), readRelease(await signedBy(plain))).complete).toBe(false)
  })

  it('is complete with two different people for a critical policy, but not with two keys of one person', async () => {
    const { keyid, spki } = secondKey
    const roster = await rosterWith(({ principals }) => principals['epa-chief']?.keys.push({ keyid, spki }))
    const alone = approvalState(roster, readRelease(await signedBy(critical, chief, secondKey)))
    expect(alone).toMatchObject({ approvedBy: [{ name: 'EPA Chief' }], missing: ['critical'], complete: false })
    expect(approvalState(roster, readRelease(await signedBy(critical, secondKey, counsel)))).toMatchObject({ missing: [], complete: true })
  })

  it('requires two people other than the author for break-glass, even if the role requires fewer', async () => {
    const roster = await rosterWith((rules) => {
      rules.soleOfficial = true
    })
    const stateOf = async (author: string | null, ...by: (KeyPair | undefined)[]) => {
      const payload = releaseOf(plain, { breakGlass: { reason: 'wrong sensor' }, author })
      return approvalState(roster, readRelease(await signEnvelope(payload, by.map(signerOf))))
    }
    expect(await stateOf(null, chief)).toMatchObject({ complete: false, missing: ['official'] })
    expect(await stateOf('EPA Chief', chief, counsel)).toMatchObject({ complete: false, missing: ['official'] })
    expect(await stateOf(null, chief, counsel)).toMatchObject({ complete: true })
  })

  it('reports invalid signatures and unknown signers, and does not count people without the role', async () => {
    const roster = await rosterWith(({ roles }) => Object.assign(roles[0] ?? {}, { principals: ['epa-counsel'] }))
    const envelope = await signedBy(plain, chief, service, counsel)
    const wrong = { keyid: pairs.get('Air Office')?.keyid ?? '', sig: envelope.signatures[0]?.sig ?? '' }
    const state = approvalState(roster, readRelease({ ...envelope, signatures: [...envelope.signatures, wrong] }))
    expect(state).toMatchObject({ approvedBy: [{ id: 'epa-counsel' }], notCounted: [{ id: 'epa-chief' }] })
    expect(state.invalid).toEqual([service.keyid, wrong.keyid])
  })

  it('requires a key that is valid at the given time, by default at preparation', async () => {
    const roster = await rosterWith(({ principals }) => {
      const key = principals['epa-chief']?.keys[0]
      if (key) key.notAfter = '2024-09-01T12:00:00Z'
    })
    const envelope = await signedBy(plain, chief)
    expect(approvalState(roster, readRelease(envelope)).complete).toBe(true)
    expect(approvalState(roster, readRelease(envelope), '2024-09-01T12:00:00Z').complete).toBe(false)
  })
})
