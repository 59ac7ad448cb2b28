import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareRollback, signApproval } from '#libs/client'
import { packDossier, peekPredicate, type Envelope, type PlanOptions, type ReleaseDocument, type StreamFrame } from '#libs/contracts'
import {
  buildRelease,
  digestOfJson,
  localSigner,
  rollbackOf,
  signDecision,
  signEnvelope,
  signRunDecision,
  type ReleasePredicate,
  type Signer,
} from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const NEWEST = 23

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  for (const policy of ['pm25@1.0.0=35', 'pm25@2.0.0=25', 'pm25@3.0.0=24']) await live(policy)
  await live(`pm25@4.0.0=${NEWEST}`, { fallbacks: ['pm25@3.0.0'] })
})
afterEach(() => system.stop())

const person = (name: string): Signer => system.signers.get(name)!

async function live(policy: string, plan: PlanOptions = {}): Promise<void> {
  await press.whenState(await press.approve([policy], { ...AT_ONCE, ...plan }), 'SUCCEEDED')
}

async function inForce(): Promise<ReleasePredicate & { release: Envelope; digest: string }> {
  const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
  const { release, digest } = documents.find(({ id, scope }) => id === 'pm25' && scope === 'global')!
  return { ...peekPredicate<ReleasePredicate>(release!), release: release!, digest: digest! }
}

/** What a service with approver's key could send: any release as a rollback that was approved. */
async function send(release: ReleaseDocument, run = 99): Promise<void> {
  const approver = system.host.runtimes.get('approver')!
  const { plan } = peekPredicate<ReleasePredicate>(release.envelope)
  const dossier = packDossier({ run, attempt: 1, releases: [release], live: { pm25: null }, used: { pm25: [] }, plan })
  await approver.database.transaction((tx) =>
    approver.outbox.emit(tx, 'hms.approval.approved.v1', { dossier }, { key: 'pm25', run, attempt: 1 }),
  )
  await system.settle()
}

async function forged(change: (release: ReleasePredicate) => void, signers = [person('EPA Chief')]): Promise<ReleaseDocument> {
  const { release: _release, digest, ...predicate } = await inForce()
  const replaces = { version: predicate.policy.version, digest }
  const order: ReleasePredicate = structuredClone({ ...predicate, releaseEpoch: predicate.releaseEpoch + 1, previous: replaces })
  order.rollback = { target: { version: '2.0.0', digest: `sha256:${'0'.repeat(64)}` }, reason: '', replaces }
  order.policy = { ...order.policy, version: '2.0.0', limit: 25 }
  change(order)
  const { bundle: _bundle, ...alone } = order
  const built = buildRelease(alone)
  const envelope = await signEnvelope(built.payload, signers)
  const { id, version } = order.policy
  return { id, version, policyDigest: built.policyDigest, releaseDigest: built.digest, releaseEpoch: order.releaseEpoch, envelope }
}

describe('a rollback that approver sends', () => {
  it.each([
    ['it has no signatures', () => {}, (): Signer[] => []],
    ['a stranger signed', () => {}, () => [localSigner(generateKeyPairSync('ed25519').privateKey)]],
    ['only its author signed', (release: ReleasePredicate) => void (release.author = 'EPA Chief'), () => [person('EPA Chief')]],
    ['it names a version that was never live', (release: ReleasePredicate) => void (release.policy.version = '9.0.0'), undefined],
    ['it has another limit under a version that was live', (release: ReleasePredicate) => void (release.policy['limit'] = 99), undefined],
    [
      'it replaces another release than is in force',
      (release: ReleasePredicate) => void (release.rollback!.replaces = { version: '3.0.0', digest: digestOfJson({}) }),
      undefined,
    ],
    ['it has an epoch that was issued before', (release: ReleasePredicate) => void (release.releaseEpoch = 1), undefined],
  ])('changes nothing where %s', async (_what, change, signers) => {
    await send(await forged(change, signers?.() ?? [person('EPA Chief')]))
    expect(await press.limit('pm25')).toBe(NEWEST)
  })

  it('goes live where nothing is wrong with it', async () => {
    await send(await forged(() => {}))
    expect(await press.limit('pm25')).toBe(25)
  })

  it('counts once: sent again after people moved on, and back to what it replaced, it changes nothing', async () => {
    const { run } = await press.signRollback('pm25', '1.0.0')
    await press.whenState(run!, 'SUCCEEDED')
    await system.settle()
    const { release, digest, policy, releaseEpoch } = await inForce()
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '4.0.0' })
    await system.settle()
    const { version } = policy
    await send({ id: 'pm25', version, policyDigest: digestOfJson(policy), releaseDigest: digest, releaseEpoch, envelope: release })
    expect(await press.limit('pm25')).toBe(NEWEST)
  })
})

describe('people who sign a rollback', () => {
  it('to a version that was never live find nothing to sign', async () => {
    await expect(press.signRollback('pm25', '9.0.0')).rejects.toMatchObject({
      code: 'HMS_APPROVER_TARGET_UNKNOWN',
      status: 404,
      next: ['hms-svc approve FILE --sign NAME', 'hms-svc get pm25'],
    })
    await expect(press.signRollback('radon', '1.0.0')).rejects.toMatchObject({ code: 'HMS_APPROVER_TARGET_UNKNOWN' })
    await expect(press.signRollback('pm25', '4.0.0')).rejects.toMatchObject({ code: 'HMS_APPROVER_ALREADY_LIVE', status: 409 })
  })

  it('sign these bytes: a signature over another preparation is none', async () => {
    const [first, second] = [
      await prepareRollback(press.api, { policy: 'pm25', version: '1.0.0', reason: 'a' }),
      await prepareRollback(press.api, { policy: 'pm25', version: '2.0.0', reason: 'a' }),
    ]
    const [{ keyid, sig } = { keyid: '', sig: '' }] = await signApproval(first.prepared, person('EPA Chief'))
    const { digest } = second.prepared
    const sent = press.api.post('/v1/approvals', { digest, signatures: [{ release: digest, keyid, sig }] })
    await expect(sent).rejects.toMatchObject({ code: 'HMS_APPROVER_SIGNATURE_INVALID', status: 403 })
  })

  it('cannot have a document of their own brought in as a rollback', async () => {
    const policies = [{ id: 'pm25', version: '5.0.0', effective: '2024-09-01T00:00:00Z', limit: 99 }]
    const rollback = { target: { version: '1.0.0', digest: digestOfJson({}) }, reason: '', replaces: null }
    const refused = press.api.post('/v1/approvals/prepare', { policies, rollback })
    await expect(refused).rejects.toMatchObject({ code: 'HMS_HTTP_BODY_INVALID', status: 400 })
    const both = press.api.post('/v1/approvals/prepare', { policies, rollback: { policy: 'pm25', version: '1.0.0' } })
    await expect(both).rejects.toMatchObject({ code: 'HMS_HTTP_BODY_INVALID', status: 400 })
    const run = await press.approve(['pm25@5.0.0=20'])
    await press.whenState(run, 'CANARY')
    expect(rollbackOf({ envelope: (await inForce()).release })).toBeUndefined()
  })
})

describe('a withdrawal', () => {
  const sent = async (statement: unknown): Promise<unknown> => press.api.post('/v1/withdrawals', { policy: 'pm25', statement })
  const signed = async ({
    by = person('EPA Chief'),
    at = system.clock.now(),
    subject = '',
    decision = 'withdraw',
    reason = 'drill',
  } = {}) => signDecision({ subject: subject === '' ? (await inForce()).digest : subject, decision, reason, at }, by)

  it.each([
    ['a stranger', 'HMS_WITHDRAWAL_SIGNATURE_INVALID', () => signed({ by: localSigner(generateKeyPairSync('ed25519').privateKey) })],
    ['a service', 'HMS_WITHDRAWAL_SIGNATURE_INVALID', () => signed({ by: system.host.runtimes.get('approver')!.signer })],
    ['the operator', 'HMS_WITHDRAWAL_SIGNATURE_INVALID', () => signed({ by: system.operator })],
    ['a person, hours ago', 'HMS_WITHDRAWAL_EXPIRED', () => signed({ at: new Date(system.clock.now().getTime() - 3_600_000) })],
    ['a person, of another release', 'HMS_WITHDRAWAL_OTHER', () => signed({ subject: digestOfJson({}) })],
    ['a person who rejects', 'HMS_WITHDRAWAL_OTHER', () => signed({ decision: 'reject' })],
    ['a person, with an endless reason', 'HMS_WITHDRAWAL_OTHER', () => signed({ reason: 'x'.repeat(1_001) })],
    [
      'a person who aborts a run of that release',
      'HMS_WITHDRAWAL_SIGNATURE_INVALID',
      async () => {
        const about = { run: 4, attempt: 1, subject: (await inForce()).digest }
        return signRunDecision({ ...about, decision: 'abort', reason: 'drill', at: system.clock.now() }, person('EPA Chief'))
      },
    ],
    ['no signer at all', 'HMS_WITHDRAWAL_SIGNATURE_INVALID', () => ({})],
  ])('is refused: %s', async (_who, code, make) => {
    await expect(sent(await make())).rejects.toMatchObject({ code })
    expect(await press.limit('pm25')).toBe(NEWEST)
  })

  it('is not the author’s to sign', async () => {
    const run = await press.approve(['pm25@5.0.0=20'], AT_ONCE, { owner: 'Air Office' })
    await press.whenState(run, 'SUCCEEDED')
    await expect(sent(await signed({ by: person('Air Office') }))).rejects.toMatchObject({
      code: 'HMS_WITHDRAWAL_NOT_ALLOWED',
      status: 403,
    })
  })

  it('that is sent twice is one, and does not come back for what people brought in later', async () => {
    const statement = await signed()
    const first = await sent(statement)
    expect(await sent(statement)).toMatchObject({ state: 'WITHDRAWN', seq: (first as { seq: number }).seq })
    await system.settle()
    await live('pm25@5.0.0=20', { fallbacks: ['pm25@4.0.0'] })
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '4.0.0' })
    await system.settle()
    expect(await sent(statement)).toMatchObject({ state: 'WITHDRAWN', seq: (first as { seq: number }).seq })
    expect(await press.limit('pm25')).toBe(NEWEST)
  })
})
