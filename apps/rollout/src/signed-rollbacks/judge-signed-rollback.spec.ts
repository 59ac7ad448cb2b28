import type { ReleaseDocument } from '#libs/contracts'
import {
  buildRelease,
  demoRoster,
  digestOfJson,
  generateKeyPair,
  localSigner,
  readRoster,
  signEnvelope,
  signRoster,
  type ReleasePredicate,
  type Roster,
  type Signer,
} from '#libs/signing'
import { beforeAll, describe, expect, it } from 'vitest'
import { newStable, type Stable } from '../stable/stable.table.js'
import { judgeSignedRollback } from './judge-signed-rollback.js'

const keys = { chief: generateKeyPair(), counsel: generateKeyPair(), stranger: generateKeyPair() }
const signer = (who: keyof typeof keys): Signer => localSigner(keys[who].privateKey)
const EARLIER = { id: 'pm25', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, tags: ['air'] }
const known = { policy: 'pm25', version: '2.0.0', policyDigest: digestOfJson(EARLIER) }

let roster: Roster
let current: ReleaseDocument
let stable: Stable
beforeAll(async () => {
  const people = [
    { name: 'EPA Chief', spki: keys.chief.spki },
    { name: 'EPA Counsel', spki: keys.counsel.spki },
  ]
  const predicate = demoRoster({ people, services: [], operator: generateKeyPair(), expires: '2036-01-01T00:00:00Z' })
  roster = readRoster(await signRoster(predicate, [signer('chief'), signer('counsel')]))
  current = await release({ policy: { ...EARLIER, version: '4.0.0', limit: 23 }, releaseEpoch: 4 }, ['chief'])
  stable = { ...newStable('pm25'), seq: 4, current }
})

async function release(more: Partial<ReleasePredicate>, by: readonly (keyof typeof keys)[]): Promise<ReleaseDocument> {
  const plan = { share: 500, scope: 'global', scopeName: '', observeMs: 0, bakeMs: 0, partners: null }
  const built = buildRelease({
    policy: EARLIER,
    releaseEpoch: 5,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author: null,
    plan,
    preparedAt: '2026-01-01T00:00:00Z',
    expires: '2026-02-01T00:00:00Z',
    ...more,
  })
  const { id, version } = built.predicate.policy
  const envelope = await signEnvelope(built.payload, by.map(signer))
  return {
    id,
    version,
    policyDigest: built.policyDigest,
    releaseDigest: built.digest,
    releaseEpoch: built.predicate.releaseEpoch,
    envelope,
  }
}

const order = (more: Partial<ReleasePredicate> = {}, by: readonly (keyof typeof keys)[] = ['chief']): Promise<ReleaseDocument> => {
  const replaces = { version: current.version, digest: current.releaseDigest }
  const target = { version: '2.0.0', digest: `sha256:${'0'.repeat(64)}` }
  return release({ rollback: { target, reason: 'wrong sensor', replaces }, previous: replaces, ...more }, by)
}

describe('a rollback that people signed', () => {
  it('is accepted if enough people signed it, with their names', async () => {
    expect(judgeSignedRollback([await order()], { stable, known }, roster)).toEqual({
      approvedBy: [expect.objectContaining({ name: 'EPA Chief' })],
    })
  })

  const critical = { policy: { ...EARLIER, tags: ['critical'] } }
  const replaced = { version: '3.0.0', digest: `sha256:${'1'.repeat(64)}` }
  it.each<[string, () => Promise<ReleaseDocument[]>, string]>([
    ['no signature', async () => [await order({}, [])], 'NOT_APPROVED'],
    ['only a stranger signed', async () => [await order({}, ['stranger'])], 'NOT_APPROVED'],
    ['one of two who are needed signed', async () => [await order(critical, ['chief'])], 'NOT_APPROVED'],
    ['only its author signed', async () => [await order({ author: 'EPA Chief' })], 'NOT_APPROVED'],
    ['no release came', async () => [], 'BUNDLE_BROKEN'],
    ['two releases came', async () => [await order(), await order()], 'BUNDLE_BROKEN'],
    ['it is an approval like any other', async () => [await release({}, ['chief'])], 'NEVER_LIVE'],
    ['it differs from the version that was live', async () => [await order({ policy: { ...EARLIER, limit: 99 } })], 'NEVER_LIVE'],
    [
      'it replaces another release than is in force',
      async () => [await order({ rollback: { target: replaced, reason: '', replaces: replaced } })],
      'LIVE_MOVED',
    ],
    ['its epoch was given before', async () => [await order({ releaseEpoch: 4 })], 'LIVE_MOVED'],
  ])('is refused: %s', async (_what, releases, reason) => {
    expect(judgeSignedRollback(await releases(), { stable, known }, roster)).toMatchObject({ reason })
  })

  it('is refused if rollout never saw the version live', async () => {
    expect(judgeSignedRollback([await order()], { stable, known: undefined }, roster)).toMatchObject({ reason: 'NEVER_LIVE' })
  })
})
