import { deepFreeze, HmsError, type ConfigDocument, type PastPolicyView } from '#libs/contracts'
import type { PolicyValue } from '#libs/evaluation'
import {
  effectiveBreakGlass,
  effectiveMs,
  isFarAhead,
  SignatureError,
  STABLE_SCOPE,
  verifyHead,
  type Roster,
  type VerifiedHead,
} from '#libs/signing'

export interface PastPolicyQuery {
  id: string
  /** Time in force, in epoch ms. `knownMs`: time of knowledge, in epoch ms; only together with `atMs`. */
  atMs?: number
  knownMs?: number
  version?: string
}

/** Verified policy of an earlier time. The time until which it was in force is only the store's claim. */
export interface VerifiedPastPolicy {
  value: PolicyValue
  author: string | null
  /** Names of the valid signers. */
  approvedBy: string[]
  /** Set for a break-glass release, which was neither replayed nor tested by a canary; `reason` is `null` if a rollback reinstated it. */
  breakGlass: { reason: string | null } | undefined
}

/** Verifies a policy of an earlier time by any of `rosters` (newest first). Does not verify that no later head existed then. */
export function verifyPastPolicy(view: PastPolicyView, query: PastPolicyQuery, rosters: readonly Roster[]): VerifiedPastPolicy {
  const { head, release, next } = verifiedByAny(view.record, rosters)
  if (head.policy !== query.id || head.scope !== STABLE_SCOPE)
    throw unverifiedHistory(`the returned head is for ${head.policy}@${head.scope}`)
  const atTime = next !== null && query.atMs !== undefined && next.atMs <= query.atMs ? next.release : release
  const ofVersion = [release, next?.release].find((each) => each?.predicate.policy.version === query.version)
  const requested = query.atMs === undefined ? ofVersion : atTime
  if (requested === undefined || requested === null)
    throw unverifiedHistory(`the returned head does not put the requested release in force`)
  const policy = requested.predicate.policy as unknown as PolicyValue
  if (query.atMs !== undefined) {
    // `isFarAhead` allows for a small difference between the clocks of rollout and database.
    if (isFarAhead(head.issuedAt, Math.min(query.atMs, query.knownMs ?? Infinity)))
      throw unverifiedHistory(`the returned head was issued at ${head.issuedAt}, after the requested time`)
    if (!(effectiveMs(requested.predicate.policy) <= query.atMs))
      throw unverifiedHistory(`${policy.id}@${policy.version} is in force from ${policy.effective}`)
  }
  if (requested.digest !== view.provenance.digest || policy.version !== view.version || view.id !== query.id)
    throw unverifiedHistory(`the response names ${view.id}@${view.version}, but the signed release is ${policy.id}@${policy.version}`)
  const { approvedBy, predicate } = requested
  return { value: deepFreeze(policy), author: predicate.author, approvedBy, breakGlass: effectiveBreakGlass(predicate) }
}

/** Verifies a document by the first roster that accepts it. Throws the error of the newest roster if none does. */
export function verifiedByAny(record: ConfigDocument | undefined, rosters: readonly Roster[]): VerifiedHead {
  let refusal: SignatureError | undefined
  for (const roster of rosters) {
    try {
      return verifyHead(record!, roster)
    } catch (error) {
      refusal ??= error instanceof SignatureError ? error : new SignatureError('HMS_HEAD_MALFORMED', 'the document has no head')
    }
  }
  throw unverifiedHistory(refusal?.detail ?? 'no roster is known', refusal)
}

export function unverifiedHistory(reason: string, cause?: Error): HmsError {
  const detail = `The history in the response does not verify: ${reason}.`
  return new HmsError('HMS_VERIFY_HISTORY', detail, { status: 502, cause, next: ['hms-svc audit verify'] })
}
