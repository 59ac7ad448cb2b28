import { bundleOf } from './bundle.js'
import { describe, expect, it } from 'vitest'
import {
  buildRelease,
  digestOf,
  digestOfJson,
  generateKeyPair,
  localSigner,
  readEvent,
  readHead,
  readRelease,
  signEnvelope,
  signEvent,
  signHead,
  statement,
  PREDICATE_TYPES,
  type EventPredicate,
  type HeadPredicate,
  type ReleasePredicate,
} from './index.js'

const rollout = generateKeyPair()
const signer = localSigner(rollout.privateKey)
const keys = new Map([[rollout.keyid, rollout.publicKey]])
const policy = { id: 'epa-pm25-limit', version: '2.0.0', limit: 25 }
const other = digestOf('another policy')
const old = { version: '1.5.0', digest: digestOf('1.5.0') }
const release: Omit<ReleasePredicate, 'bundle'> = {
  policy,
  releaseEpoch: 2,
  previous: old,
  fallbacks: [old],
  scopes: ['global'],
  author: null,
  plan: { share: 500, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs: 300_000, bakeMs: 300_000, partners: null },
  preparedAt: '2024-09-01T00:00:00Z',
  expires: '2024-09-08T00:00:00Z',
}
const head: HeadPredicate = { policy: policy.id, scope: 'stable', seq: 7, current: old.digest, issuedAt: '2024-09-01T00:00:00.123Z' }
const event: EventPredicate = {
  id: 'e1',
  source: '/hms-svc/rollout',
  type: 'hms.rollout.completed.v1',
  topic: 'hms.rollout.v1',
  key: policy.id,
  keySeq: 3,
  time: '2024-09-01T00:00:00Z',
  data: { run: 184 },
}

describe('a release', () => {
  it('has the digest of its payload, and the policy as subject', async () => {
    const built = buildRelease({ ...release, bundle: bundleOf([other, digestOfJson(policy)]) })
    const envelope = await signEnvelope(built.payload, [signer])
    const read = readRelease(envelope)
    expect(read).toEqual({ ...built, envelope })
    expect(read.digest).toBe(digestOf(built.payload))
    expect(read.policyDigest).toBe(digestOfJson({ version: '2.0.0', limit: 25, id: 'epa-pm25-limit' }))
    expect(read.predicate.bundle).toEqual({ digest: digestOfJson([other, read.policyDigest].sort()), size: 2 })
    expect(buildRelease(release).predicate.bundle).toEqual({ digest: digestOfJson([read.policyDigest]), size: 1 })
  })

  it('cannot be built or read if it is malformed', async () => {
    expect(() => buildRelease({ ...release, fallbacks: Array.from({ length: 6 }, () => old) })).toThrow('fallbacks')
    expect(() => buildRelease({ ...release, plan: { ...release.plan, share: 10_001 } })).toThrow('plan')
    expect(() => buildRelease({ ...release, expires: 'tomorrow' })).toThrow('expires')
    const hex = digestOfJson(policy).slice(7)
    const subject = [{ name: 'epa-pm25-limit@2.0.0', digest: { sha256: hex } }]
    const alone = { ...release, bundle: bundleOf([`sha256:${hex}`]) }
    const read = async (subjects: typeof subject, predicate: ReleasePredicate) =>
      readRelease(await signEnvelope(statement(PREDICATE_TYPES.release, subjects, predicate), []))
    expect((await read(subject, alone)).predicate).toEqual(alone)
    await expect(read(subject, { ...release, bundle: bundleOf([other]) })).rejects.toThrow('bundle leaves out')
    await expect(read(subject, { ...release, bundle: [] as never })).rejects.toThrow('bundle')
    await expect(read([{ name: 'epa-pm25-limit@9.0.0', digest: { sha256: hex } }], alone)).rejects.toThrow('HMS_STATEMENT_INVALID')
  })
})

describe('a head', () => {
  it('is signed and read', async () => {
    const canary: HeadPredicate = {
      ...head,
      scope: 'region:NCR',
      share: 500,
      base: null,
      salt: '',
      bundle: bundleOf(['one', 'another']),
      expires: '2024-09-01T00:05:00Z',
      next: { release: other, at: '2024-09-02T00:00:00+02:00' },
    }
    for (const predicate of [head, canary, { ...head, current: null }]) {
      const read = readHead(await signHead(predicate, signer), keys)
      expect(read).toMatchObject({ predicate, keyids: [rollout.keyid], invalid: [] })
    }
  })

  it('is rejected with another key, or if an event is expected', async () => {
    const envelope = await signHead(head, signer)
    expect(() => readHead(envelope, new Map())).toThrow('HMS_SIGNATURE_UNKNOWN_KEY')
    expect(() => readEvent(envelope, keys)).toThrow('HMS_STATEMENT_TYPE')
  })

  it('cannot be signed with a malformed digest or number', async () => {
    await expect(signHead({ ...head, current: 'sha256:1' }, signer)).rejects.toThrow('current')
    await expect(signHead({ ...head, seq: -1 }, signer)).rejects.toThrow('seq')
    await expect(signHead({ ...head, share: 0.05 }, signer)).rejects.toThrow('share')
  })
})

describe('an event', () => {
  it('is signed and read, with or without a run', async () => {
    for (const predicate of [event, { ...event, runId: 'r', attempt: 1, causationId: 'e0' }]) {
      expect(readEvent(await signEvent(predicate, signer), keys).predicate).toEqual(predicate)
    }
  })
})
