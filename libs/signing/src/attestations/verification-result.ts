import { isObject, type Envelope } from '#libs/contracts'
import { isText, isTime, listOf, objectOf, type Shape } from '../shape.js'
import type { Signer } from '../signer.js'
import { signStatement, verifyStatement } from '../statement-kind.js'
import type { Keys } from '../verify-envelope.js'
import { ATTEMPT, attestationOf, type AttestedRun, type OfAttempt } from './attested-run.js'
import type { ResourceDescriptor } from './test-result.js'

export const SVR_V0_2 = 'https://in-toto.io/attestation/svr/v0.2'

/**
 * A verdict: properties that `verifier.id` verified at `timeCreated`, by `verifier.policies`. Unverified properties are omitted; a refusal
 * has none.
 */
export type VerificationResult = {
  verifier: { id: string; policies: ResourceDescriptor[] }
  timeCreated: string
  properties: string[]
}

const MAX_POLICIES = 1_000
const MAX_PROPERTIES = 100

const SHAPE: Shape = {
  verifier: objectOf({ id: isText, policies: listOf(isObject, MAX_POLICIES) }),
  timeCreated: isTime,
  properties: listOf(isText, MAX_PROPERTIES),
}

export function signVerificationResult(result: VerificationResult, about: AttestedRun, signer: Signer): Promise<Envelope> {
  const { run, attempt } = about
  return signStatement(attestationOf(SVR_V0_2, SHAPE, about), { ...result, [ATTEMPT]: { run, attempt } }, [signer])
}

/** Reads a verification result. Throws `SignatureError` unless one of `keys` signed it for exactly these releases in this attempt. */
export function readVerificationResult(envelope: unknown, about: AttestedRun, keys: Keys): VerificationResult {
  return verifyStatement<VerificationResult & OfAttempt>(attestationOf(SVR_V0_2, SHAPE, about), envelope, keys).predicate
}
