import { type Envelope, isObject, type ReleaseDocument } from '#libs/contracts'
import { hexOf } from '../digest.js'
import { type Check, isCount, isText, isTime, listOf, nullable, objectOf, oneOf, type Shape } from '../shape.js'
import { signStatement, type StatementKind, verifyStatement } from '../statement-kind.js'
import type { Signer } from '../signer.js'
import type { Keys } from '../verify-envelope.js'

/** Subject of an attestation: the releases of one attempt of a run. `run` and `attempt` are `null` without a run. */
export interface AttestedRun {
  run: number | null
  attempt: number | null
  releases: readonly Pick<ReleaseDocument, 'id' | 'version' | 'releaseDigest'>[]
}

/** Additional member of the predicates that binds an attestation to one attempt; in-toto permits such members if their names are URIs. */
export const ATTEMPT = 'https://hms-svc.dev/attestation/attempt/v1'

export type OfAttempt = { [ATTEMPT]: Pick<AttestedRun, 'run' | 'attempt'> }

/** Returns the kind of statement about exactly these releases in exactly this attempt. The subjects are the releases, by release digest. */
export function attestationOf<T extends OfAttempt>(
  predicateType: string,
  shape: Shape,
  { run, attempt, releases }: AttestedRun,
): StatementKind<T> {
  const subjects = releases.map(({ id, version, releaseDigest }) => ({
    name: `${id}@${version}`,
    digest: { sha256: hexOf(releaseDigest) },
  }))
  const isAttempt: Check = objectOf({ run: nullable(isCount), attempt: nullable(isCount) })
  return {
    predicateType,
    shape: { ...shape, [ATTEMPT]: isAttempt },
    subject: () => subjects,
    contradiction({ [ATTEMPT]: about }) {
      return about.run === run && about.attempt === attempt
        ? undefined
        : `it is about attempt ${about.attempt} of run ${about.run}, not about attempt ${attempt} of run ${run}`
    },
  }
}

export const TEST_RESULT_V0_1 = 'https://in-toto.io/attestation/test-result/v0.1'

/** Input of a test or verification: the used members of in-toto's ResourceDescriptor. Digest in lower-case hex. */
export type ResourceDescriptor = { name?: string; uri?: string; digest?: { sha256: string } }

/** Result of linter or simulator. `WARNED`: lint had only warnings, or the simulation lacked evidence. */
export type TestResult = {
  result: 'PASSED' | 'WARNED' | 'FAILED'
  configuration: ResourceDescriptor[]
  passedTests: string[]
  warnedTests: string[]
  failedTests: string[]
}

const MAX_TESTS = 10_000

const TEST_RESULT: Shape = {
  result: oneOf('PASSED', 'WARNED', 'FAILED'),
  configuration: listOf(isObject, MAX_TESTS),
  passedTests: listOf(isText, MAX_TESTS),
  warnedTests: listOf(isText, MAX_TESTS),
  failedTests: listOf(isText, MAX_TESTS),
}

export function signTestResult(result: TestResult, about: AttestedRun, signer: Signer): Promise<Envelope> {
  const { run, attempt } = about
  return signStatement(attestationOf(TEST_RESULT_V0_1, TEST_RESULT, about), { ...result, [ATTEMPT]: { run, attempt } }, [signer])
}

/** Reads a test result. Throws `SignatureError` unless one of `keys` signed it for exactly these releases in this attempt. */
export function readTestResult(envelope: unknown, about: AttestedRun, keys: Keys): TestResult {
  return verifyStatement<TestResult & OfAttempt>(attestationOf(TEST_RESULT_V0_1, TEST_RESULT, about), envelope, keys).predicate
}

export const SVR_V0_2 = 'https://in-toto.io/attestation/svr/v0.2'

/** Verification result. `properties`: what `verifier.id` verified at `timeCreated` by `verifier.policies`; empty in a refusal. */
export type VerificationResult = { verifier: { id: string; policies: ResourceDescriptor[] }; timeCreated: string; properties: string[] }

const MAX_POLICIES = 1_000
const MAX_PROPERTIES = 100

const SVR: Shape = {
  verifier: objectOf({ id: isText, policies: listOf(isObject, MAX_POLICIES) }),
  timeCreated: isTime,
  properties: listOf(isText, MAX_PROPERTIES),
}

export function signVerificationResult(result: VerificationResult, about: AttestedRun, signer: Signer): Promise<Envelope> {
  const { run, attempt } = about
  return signStatement(attestationOf(SVR_V0_2, SVR, about), { ...result, [ATTEMPT]: { run, attempt } }, [signer])
}

/** Reads a verification result. Throws `SignatureError` unless one of `keys` signed it for exactly these releases in this attempt. */
export function readVerificationResult(envelope: unknown, about: AttestedRun, keys: Keys): VerificationResult {
  return verifyStatement<VerificationResult & OfAttempt>(attestationOf(SVR_V0_2, SVR, about), envelope, keys).predicate
}
