import type { TrialStatement } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { digestOfJson, hexOf } from '../digest.js'
import { generateKeyPair, keyIdOf } from '../keys.js'
import { PREDICATE_TYPES } from '../predicate-types.js'
import { localSigner, signEnvelope } from '../signer.js'
import { statement } from '../statement.js'
import { readTrial, signTrial, trialPolicies, type TrialDocuments } from './trial.js'

const [simulator, linter] = [generateKeyPair(), generateKeyPair()]
const signer = localSigner(simulator.privateKey)
const keysOf = ({ publicKey }: typeof simulator) => new Map([[keyIdOf(publicKey), publicKey]])
const keys = keysOf(simulator)

const policy = (id: string, version: string, limit: number) => ({ id, version, effective: '2024-09-01T00:00:00Z', limit })
const ABOUT: TrialDocuments = {
  policies: [policy('pm25', '2.0.0', 25), policy('o3', '1.0.0', 60)],
  live: [policy('pm25', '1.5.0', 35)],
}
const TRIAL: TrialStatement = {
  policies: trialPolicies(ABOUT),
  corpora: [{ corpus: 'virginia-2023', digest: digestOfJson('virginia') }],
  reportDigest: digestOfJson('report'),
  scenarios: [
    {
      scenario: 'pm25-violation',
      corpus: 'virginia-2023',
      readings: 7703,
      before: 118,
      after: 249,
      newlyViolating: 131,
      newlyCompliant: 0,
      from: '2023-01-01',
      to: '2023-12-31',
    },
  ],
  at: '2026-01-01T00:00:00.000Z',
}

describe('a trial', () => {
  it('names its policies by digest, sorted by id, with the version in force', async () => {
    const envelope = await signTrial(TRIAL, signer)
    expect(readTrial(envelope, ABOUT, keys)).toEqual(TRIAL)
    const [o3, pm25] = ABOUT.policies.toReversed()
    expect(JSON.parse(Buffer.from(envelope.payload, 'base64').toString())).toMatchObject({
      predicateType: 'https://hms-svc.dev/attestation/trial/v1',
      subject: [
        { name: 'o3@1.0.0', digest: { sha256: hexOf(digestOfJson(o3)) } },
        { name: 'pm25@2.0.0', digest: { sha256: hexOf(digestOfJson(pm25)) } },
      ],
      predicate: {
        policies: [
          { policy: 'o3', live: null },
          { policy: 'pm25', live: digestOfJson(ABOUT.live[0]) },
        ],
      },
    })
  })

  it('is about the documents in any order', async () => {
    expect(readTrial(await signTrial(TRIAL, signer), { ...ABOUT, policies: ABOUT.policies.toReversed() }, keys)).toEqual(TRIAL)
  })

  it.each<[string, Partial<TrialDocuments>, string]>([
    ['another value', { policies: [policy('pm25', '2.0.0', 24), ABOUT.policies[1]!] }, 'other policies'],
    ['another version', { policies: [policy('pm25', '2.0.1', 25), ABOUT.policies[1]!] }, 'other policies'],
    ['fewer policies', { policies: [ABOUT.policies[0]!] }, 'other policies'],
    ['more policies', { policies: [...ABOUT.policies, policy('no2', '1.0.0', 1)] }, 'other policies'],
    ['more policies in force', { live: [...ABOUT.live, policy('no2', '1.0.0', 1)] }, 'other policies'],
    ['another version in force', { live: [policy('pm25', '1.4.0', 34)] }, 'another version in force'],
    ['no version in force', { live: [] }, 'another version in force'],
    ['a version in force where it had none', { live: [...ABOUT.live, policy('o3', '0.9.0', 50)] }, 'another version in force'],
  ])('is refused for %s', async (_what, other, why) => {
    const envelope = await signTrial(TRIAL, signer)
    expect(() => readTrial(envelope, { ...ABOUT, ...other }, keys)).toThrow(
      `HMS_STATEMENT_INVALID: ${PREDICATE_TYPES.trial}: it ${why === 'other policies' ? 'is about' : 'compares with'} ${why}`,
    )
  })

  it('is refused with the key of another service, and after each change of its bytes', async () => {
    const envelope = await signTrial(TRIAL, localSigner(linter.privateKey))
    expect(() => readTrial(envelope, ABOUT, keys)).toThrow('HMS_SIGNATURE_UNKNOWN_KEY')
    const honest = await signTrial(TRIAL, signer)
    const text = Buffer.from(honest.payload, 'base64').toString()
    for (const [from, to] of [
      ['131', '031'],
      ['"after":249', '"after":118'],
      ['virginia-2023', 'virginia-2022'],
      ['pm25@2.0.0', 'pm25@2.0.1'],
    ]) {
      const payload = Buffer.from(text.replaceAll(from!, to!)).toString('base64')
      expect(() => readTrial({ ...honest, payload }, ABOUT, keys)).toThrow('HMS_SIGNATURE_INVALID')
    }
  })

  it('is refused as another kind of statement', async () => {
    const subjects = TRIAL.policies.map(({ policy: id, version, digest }) => ({
      name: `${id}@${version}`,
      digest: { sha256: hexOf(digest) },
    }))
    const as = (type: string) => signEnvelope(statement(type, subjects, TRIAL), [signer])
    expect(readTrial(await as(PREDICATE_TYPES.trial), ABOUT, keys)).toEqual(TRIAL)
    const release = await as(PREDICATE_TYPES.release)
    expect(() => readTrial(release, ABOUT, keys)).toThrow('HMS_STATEMENT_TYPE')
  })

  const [counts] = TRIAL.scenarios as [TrialStatement['scenarios'][number]]
  it.each<[string, Partial<TrialStatement>]>([
    ['a negative count', { scenarios: [{ ...counts, before: -1 }] }],
    ['a long period', { scenarios: [{ ...counts, from: 'x'.repeat(65) }] }],
    ['no digest of a corpus', { corpora: [{ corpus: 'c', digest: 'x' }] }],
    ['too many corpora', { corpora: Array.from({ length: 1_001 }, () => TRIAL.corpora[0]!) }],
    ['no time', { at: 'now' }],
  ])('is not signed with %s', async (_what, change) => {
    await expect(signTrial({ ...TRIAL, ...change }, signer)).rejects.toThrow('HMS_STATEMENT_INVALID')
  })
})
