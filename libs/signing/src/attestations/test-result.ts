import type { Envelope } from '#libs/contracts'
import { isObject, isText, listOf, oneOf, type Shape } from '../shape.js'
import type { Signer } from '../signer.js'
import { signStatement, verifyStatement } from '../statement-kind.js'
import type { Keys } from '../verify-envelope.js'
import { ATTEMPT, attestationOf, type AttestedRun, type OfAttempt } from './attested-run.js'

export const TEST_RESULT_V0_1 = 'https://in-toto.io/attestation/test-result/v0.1'

/** What something was tested with: in-toto's ResourceDescriptor, as far as it is used here. Digest in lower-case hex. */
export type ResourceDescriptor = { name?: string; uri?: string; digest?: { sha256: string } }

/** What linter and simulator found. `WARNED`: it may go on, and somebody should look. */
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

/** Throws `SignatureError` unless one of `keys` says this of exactly these releases in this attempt. */
export function readTestResult(envelope: unknown, about: AttestedRun, keys: Keys): TestResult {
  return verifyStatement<TestResult & OfAttempt>(attestationOf(TEST_RESULT_V0_1, SHAPE, about), envelope, keys).predicate
}
