import { beforeAll, describe, expect, it } from 'vitest'
import { demoRoster } from '../roster/demo-roster.js'
import { readRoster, signRoster } from '../roster/read-roster.js'
import type { Roster } from '../roster/roster.js'
import { generateKeyPair } from '../keys.js'
import { localSigner, signEnvelope, type Signer } from '../signer.js'
import { statement } from '../statement.js'
import {
  ATTEMPT,
  type AttestedRun,
  readTestResult,
  readVerificationResult,
  signTestResult,
  signVerificationResult,
  SVR_V0_2,
  TEST_RESULT_V0_1,
  type TestResult,
  type VerificationResult,
} from './attestations.js'
import {
  CANARY_OBSERVED,
  CANARY_PASSED,
  unattested,
  withAttestation,
  type AttestedDossier,
  type AttestingStage,
} from './attested-stages.js'

const HEX = 'a'.repeat(64)
const RUN: AttestedRun = { run: 184, attempt: 2, releases: [{ id: 'lead', version: '1.0.0', releaseDigest: `sha256:${HEX}` }] }
const RESULT: TestResult = {
  result: 'PASSED',
  configuration: [{ name: 'lint', uri: 'https://hms-svc.dev/lint/v1' }],
  passedTests: ['lead@1.0.0'],
  warnedTests: [],
  failedTests: [],
}
const VERDICT: VerificationResult = {
  verifier: { id: 'https://hms-svc.dev/verifier/canary/v1', policies: [] },
  timeCreated: '2026-03-01T00:00:00.000Z',
  properties: [CANARY_PASSED],
}

const services = new Map(['linter', 'simulator', 'canary-controller'].map((name) => [name, generateKeyPair()]))
const of = (service: string): Signer => localSigner(services.get(service)!.privateKey)
let roster: Roster
beforeAll(async () => {
  const chief = generateKeyPair()
  const predicate = demoRoster({
    people: [{ name: 'EPA Chief', spki: chief.spki }],
    services: [...services].map(([name, { spki }]) => ({ name, spki })),
    operator: generateKeyPair(),
    expires: '2036-01-01T00:00:00Z',
  })
  predicate.roles = predicate.roles.filter(({ name }) => name !== 'critical')
  roster = readRoster(await signRoster(predicate, [localSigner(chief.privateKey)]))
})

describe('an attestation', () => {
  it('has exactly the form of in-toto, with the attempt as an additional member', async () => {
    const { payload } = await signTestResult(RESULT, RUN, of('linter'))
    expect(JSON.parse(Buffer.from(payload, 'base64').toString())).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'lead@1.0.0', digest: { sha256: HEX } }],
      predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
      predicate: { ...RESULT, 'https://hms-svc.dev/attestation/attempt/v1': { run: 184, attempt: 2 } },
    })
    const verdict = await signVerificationResult(VERDICT, { ...RUN, run: null, attempt: null }, of('canary-controller'))
    expect(JSON.parse(Buffer.from(verdict.payload, 'base64').toString())).toMatchObject({
      predicateType: 'https://in-toto.io/attestation/svr/v0.2',
      predicate: { ...VERDICT, 'https://hms-svc.dev/attestation/attempt/v1': { run: null, attempt: null } },
    })
  })

  it('is read back, including additional members of other producers', async () => {
    const keys = roster.serviceKeys('linter')
    expect(readTestResult(await signTestResult(RESULT, RUN, of('linter')), RUN, keys)).toMatchObject(RESULT)
    const subject = [{ name: 'lead@1.0.0', digest: { sha256: HEX } }]
    const more = { ...RESULT, url: 'https://ci.example/7', [ATTEMPT]: { run: 184, attempt: 2 } }
    expect(readTestResult(await signEnvelope(statement(TEST_RESULT_V0_1, subject, more), [of('linter')]), RUN, keys)).toMatchObject({
      url: 'https://ci.example/7',
    })
  })

  it('is about a set of releases in any order', async () => {
    const releases = ['c', 'a', 'b'].map((hex) => ({ id: hex, version: '1.0.0', releaseDigest: `sha256:${hex.repeat(64)}` }))
    const keys = roster.serviceKeys('linter')
    const test = await signTestResult(RESULT, { ...RUN, releases }, of('linter'))
    for (const claimed of [releases, releases.toReversed(), releases.toSorted((a, b) => (a.id < b.id ? -1 : 1))])
      expect(readTestResult(test, { ...RUN, releases: claimed }, keys)).toMatchObject(RESULT)
    const [first, ...rest] = releases
    for (const claimed of [rest, [first!, first!, ...rest], [first!, first!, rest[0]!]])
      expect(() => readTestResult(test, { ...RUN, releases: claimed }, keys)).toThrow('subject and predicate differ')
  })

  const others: [string, Partial<AttestedRun>][] = [
    ['another run', { run: 185 }],
    ['another attempt', { attempt: 1 }],
    ['another release', { releases: [{ id: 'lead', version: '1.0.0', releaseDigest: `sha256:${'b'.repeat(64)}` }] }],
    ['another version', { releases: [{ id: 'lead', version: '1.0.1', releaseDigest: `sha256:${HEX}` }] }],
    ['more releases', { releases: [...RUN.releases, { id: 'ozone', version: '1.0.0', releaseDigest: `sha256:${'b'.repeat(64)}` }] }],
    ['fewer', { releases: [] }],
  ]
  it.each(others)('is invalid for %s', async (_what, change) => {
    const [test, verdict] = [
      await signTestResult(RESULT, RUN, of('linter')),
      await signVerificationResult(VERDICT, RUN, of('canary-controller')),
    ]
    expect(() => readTestResult(test, { ...RUN, ...change }, roster.serviceKeys('linter'))).toThrow('HMS_STATEMENT_INVALID')
    expect(() => readVerificationResult(verdict, { ...RUN, ...change }, roster.serviceKeys('canary-controller'))).toThrow(
      'HMS_STATEMENT_INVALID',
    )
  })

  it('is invalid with another service’s key, as another kind, or with missing members', async () => {
    const test = await signTestResult(RESULT, RUN, of('linter'))
    expect(() => readTestResult(test, RUN, roster.serviceKeys('simulator'))).toThrow('HMS_SIGNATURE_UNKNOWN_KEY')
    expect(() => readVerificationResult(test, RUN, roster.serviceKeys('linter'))).toThrow('HMS_STATEMENT_TYPE')
    await expect(signTestResult({ ...RESULT, result: 'GREEN' as 'PASSED' }, RUN, of('linter'))).rejects.toThrow('HMS_STATEMENT_INVALID')
    const { policies: _policies, ...unnamed } = VERDICT.verifier
    await expect(
      signVerificationResult({ ...VERDICT, verifier: unnamed as VerificationResult['verifier'] }, RUN, of('linter')),
    ).rejects.toThrow(SVR_V0_2)
  })
})

describe('unattested', () => {
  const dossierWith = async (
    change: Partial<Record<AttestingStage, 'none' | TestResult | VerificationResult>> = {},
  ): Promise<AttestedDossier> => {
    let dossier: AttestedDossier = RUN
    const [lint, simulate, canary] = [change.lint ?? RESULT, change.simulate ?? RESULT, change.canary ?? VERDICT]
    if (lint !== 'none') dossier = withAttestation(dossier, 'lint', await signTestResult(lint as TestResult, RUN, of('linter')))
    if (simulate !== 'none')
      dossier = withAttestation(dossier, 'simulate', await signTestResult(simulate as TestResult, RUN, of('simulator')))
    if (canary !== 'none')
      dossier = withAttestation(dossier, 'canary', await signVerificationResult(canary as VerificationResult, RUN, of('canary-controller')))
    return dossier
  }
  const ALL = ['lint', 'simulate', 'canary'] as const
  const warned: TestResult = { ...RESULT, result: 'WARNED' }
  const failed: TestResult = { ...RESULT, result: 'FAILED' }
  const observed: VerificationResult = { ...VERDICT, properties: [CANARY_PASSED, CANARY_OBSERVED] }

  it('returns nothing if each stage attested with its own key', async () => {
    expect(unattested(await dossierWith(), ALL, { roster, evidence: 'optional' })).toBeUndefined()
    expect(unattested(await dossierWith({ lint: warned, simulate: warned }), ALL, { roster, evidence: 'optional' })).toBeUndefined()
    expect(unattested(await dossierWith({ canary: observed }), ALL, { roster, evidence: 'required' })).toBeUndefined()
    expect(unattested(await dossierWith({ canary: 'none' }), ['lint', 'simulate'], { roster, evidence: 'required' })).toBeUndefined()
  })

  it('returns why if an attestation is missing, is a refusal, or lacks required evidence', async () => {
    const said = async (change: Parameters<typeof dossierWith>[0], evidence: 'optional' | 'required' = 'optional') =>
      unattested(await dossierWith(change), ALL, { roster, evidence })
    expect(unattested(RUN, ALL, { roster, evidence: 'optional' })).toBe('linter does not say that it let these releases through')
    expect(await said({ simulate: 'none' })).toBe('simulator does not say that it let these releases through')
    expect(await said({ lint: failed })).toBe('linter refused these releases')
    expect(await said({ simulate: failed })).toBe('simulator refused these releases')
    expect(await said({ canary: { ...VERDICT, properties: [] } })).toContain(CANARY_PASSED)
    expect(await said({ simulate: warned, canary: observed }, 'required')).toContain('nothing to replay')
    expect(await said({}, 'required')).toContain(CANARY_OBSERVED)
  })

  it('rejects an attestation with the key of another stage', async () => {
    const dossier = await dossierWith()
    const forged = withAttestation(dossier, 'simulate', dossier.attestations!.lint!)
    expect(unattested(forged, ALL, { roster, evidence: 'optional' })).toContain('the word of simulator on these releases does not verify')
  })
})
