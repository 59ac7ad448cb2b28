import { isObject, type Envelope } from '#libs/contracts'
import { isText, listOf, oneOf, type Shape } from '../shape.js'
import type { Signer } from '../signer.js'
import { signStatement, verifyStatement } from '../statement-kind.js'
import type { Keys } from '../verify-envelope.js'
import { ATTEMPT, attestationOf, type AttestedRun, type OfAttempt } from './attested-run.js'

export const TEST_RESULT_V0_1 = 'https://in-toto.io/attestation/test-result/v0.1'

/** Input of a test: the used part of in-toto's ResourceDescriptor. Digest in lower-case hex. */
export type ResourceDescriptor = { name?: string; uri?: string; digest?: { sha256: string } }

/** Result of linter or simulator. `WARNED`: the run may continue, but should be reviewed. */
export type TestResult = {
  result: 'PASSED' | 'WARNED' | 'FAILED'
  configuration: ResourceDescriptor[]
  passedTests: string[]
  warnedTests: string[]
  failedTests: string[]
}

const MAX_TESTS = 10_000

const SHAPE: Shape = {
  result: oneOf('PASSED', 'WARNED', 'FAILED'),
  configuration: listOf(isObject, MAX_TESTS),
  passedTests: listOf(isText, MAX_TESTS),
  warnedTests: listOf(isText, MAX_TESTS),
  failedTests: listOf(isText, MAX_TESTS),
}

export function signTestResult(result: TestResult, about: AttestedRun, signer: Signer): Promise<Envelope> {
  const { run, attempt } = about
  return signStatement(attestationOf(TEST_RESULT_V0_1, SHAPE, about), { ...result, [ATTEMPT]: { run, attempt } }, [signer])
}

/** Reads a test result. Throws `SignatureError` unless one of `keys` signed it for exactly these releases in this attempt. */
export function readTestResult(envelope: unknown, about: AttestedRun, keys: Keys): TestResult {
  return verifyStatement<TestResult & OfAttempt>(attestationOf(TEST_RESULT_V0_1, SHAPE, about), envelope, keys).predicate
}
