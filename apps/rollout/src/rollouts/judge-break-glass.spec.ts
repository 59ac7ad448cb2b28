import type { ReleaseDocument } from '#libs/contracts'
import {
  buildRelease,
  bundleOf,
  demoRoster,
  digestOfJson,
  generateKeyPair,
  localSigner,
  readRoster,
  signEnvelope,
  signRoster,
  type ReleasePredicate,
  type Roster,
} from '#libs/signing'
import { beforeAll, describe, expect, it } from 'vitest'
import { newStable, type Stable } from '../stable/stable.table.js'
import { judgeBreakGlass } from './judge-break-glass.js'

const keys = { chief: generateKeyPair(), counsel: generateKeyPair(), air: generateKeyPair(), stranger: generateKeyPair() }
type Who = keyof typeof keys
const NOW = new Date('2026-01-01T00:10:00Z')
const PM25 = { id: 'pm25', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25 }
const LEAD = { ...PM25, id: 'lead' }
const BOTH = bundleOf([digestOfJson(PM25), digestOfJson(LEAD)])
const BROKEN = { breakGlass: { reason: 'wrong sensor' } }

let roster: Roster
let current: ReleaseDocument
let stable: Stable
beforeAll(async () => {
  const people = (['chief', 'counsel', 'air'] as const).map((name) => ({ name, spki: keys[name].spki }))
  const predicate = demoRoster({ people, services: [], operator: generateKeyPair(), expires: '2036-01-01T00:00:00Z' })
  predicate.roles.push({ name: 'three', principals: ['chief', 'counsel', 'air'], threshold: 3, match: { tag: 'three' } })
  roster = readRoster(
    await signRoster(predicate, [
      localSigner(keys.chief.privateKey),
      localSigner(keys.counsel.privateKey),
      localSigner(keys.air.privateKey),
    ]),
  )
  current = await release({ policy: { ...PM25, version: '1.0.0' }, releaseEpoch: 4 }, ['chief'])
  stable = { ...newStable('pm25'), seq: 4, current }
})

async function release(more: Partial<ReleasePredicate>, by: readonly Who[]): Promise<ReleaseDocument> {
  const built = buildRelease({
    policy: PM25,
    releaseEpoch: 5,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author: null,
    plan: { share: 500, scope: 'global', scopeName: '', observeMs: 0, bakeMs: 1_000, partners: null },
    preparedAt: '2026-01-01T00:00:00Z',
    expires: '2026-01-01T00:30:00Z',
    ...more,
  })
  const { predicate, payload, policyDigest, digest: releaseDigest } = built
  const envelope = await signEnvelope(
    payload,
    by.map((who) => localSigner(keys[who].privateKey)),
  )
  const { policy, releaseEpoch } = predicate
  return { id: policy.id, version: policy.version, policyDigest, releaseDigest, releaseEpoch, envelope }
}

const order = (more: Partial<ReleasePredicate> = {}, by: readonly Who[] = ['chief', 'counsel']): Promise<ReleaseDocument> =>
  release({ ...BROKEN, previous: { version: current.version, digest: current.releaseDigest }, ...more }, by)
const judged = (releases: readonly ReleaseDocument[], now = NOW): unknown =>
  judgeBreakGlass(releases, { stables: releases.map(({ id }) => (id === 'pm25' ? stable : newStable(id))), now }, roster)

describe('a break-glass run', () => {
  it('is accepted if two people signed its release as break-glass', async () => {
    expect(judged([await order()])).toBeUndefined()
  })

  it('is accepted as a bundle that the same two people signed', async () => {
    const lead = await release({ ...BROKEN, policy: LEAD, bundle: BOTH }, ['chief', 'counsel'])
    expect(judged([lead, await order({ bundle: BOTH })])).toBeUndefined()
  })

  it.each<[string, () => Promise<ReleaseDocument[]>, string]>([
    ['nothing came', async () => [], 'NOT_BREAK_GLASS'],
    ['two people approved it as any other', async () => [await order({ breakGlass: undefined })], 'NOT_BREAK_GLASS'],
    [
      'a part of the bundle was approved as any other',
      async () => [await release({ policy: LEAD, bundle: BOTH }, ['chief', 'counsel']), await order({ bundle: BOTH })],
      'NOT_BREAK_GLASS',
    ],
    [
      'a part of the bundle was approved for another reason',
      async () => [
        await release({ breakGlass: { reason: 'x' }, policy: LEAD, bundle: BOTH }, ['chief', 'counsel']),
        await order({ bundle: BOTH }),
      ],
      'NOT_BREAK_GLASS',
    ],
    ['no signature', async () => [await order({}, [])], 'NOT_APPROVED'],
    ['one signed', async () => [await order({}, ['chief'])], 'NOT_APPROVED'],
    ['one and a stranger signed', async () => [await order({}, ['chief', 'stranger'])], 'NOT_APPROVED'],
    ['one and its author signed', async () => [await order({ author: 'counsel' })], 'NOT_APPROVED'],
    [
      'no two signed all of a bundle',
      async () => [
        await release({ ...BROKEN, policy: LEAD, bundle: BOTH }, ['counsel', 'air']),
        await order({ bundle: BOTH }, ['chief', 'air']),
      ],
      'NOT_APPROVED',
    ],
    [
      'it is of a policy that three must approve, and two signed',
      async () => [await order({ policy: { ...PM25, tags: ['three'] } })],
      'NOT_APPROVED',
    ],
    ['it follows another release than is in force', async () => [await order({ previous: null })], 'LIVE_MOVED'],
    ['its epoch was given before', async () => [await order({ releaseEpoch: 4 })], 'LIVE_MOVED'],
  ])('is refused: %s', async (_what, releases, reason) => {
    expect(judged(await releases())).toMatchObject({ reason })
  })

  it('is refused once its release has expired', async () => {
    expect(judged([await order()], new Date('2026-01-01T00:30:00Z'))).toMatchObject({ reason: 'GRANT_EXPIRED' })
  })

  it('cannot be built without a bake or with an empty reason', async () => {
    const plan = { share: 500, scope: 'global', scopeName: '', observeMs: 0, bakeMs: 0, partners: null }
    await expect(order({ plan })).rejects.toThrow('break-glass has a reason, and bakes')
    await expect(order({ breakGlass: { reason: ' ' } })).rejects.toThrow('break-glass has a reason, and bakes')
  })
})
