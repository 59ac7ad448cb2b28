import { deepFreeze, HmsError, type ConfigDocument, type PastPolicyView } from '#libs/contracts'
import type { PolicyValue } from '#libs/evaluation'
import {
  breakGlassBehind,
  effectiveMs,
  isFarAhead,
  SignatureError,
  STABLE_SCOPE,
  verifyHead,
  type Roster,
  type VerifiedHead,
  type VerifiedRelease,
} from '#libs/signing'

/** Requested past policy, by time or by version. */
export interface AskedPast {
  id: string
  /** Epoch milliseconds. */
  atMs?: number
  version?: string
}

/** Verified policy of an earlier time. The time until which it was in force is only the store's claim. */
export interface VerifiedPast {
  value: PolicyValue
  author: string | null
  /** Names of the valid signers. */
  approvedBy: string[]
  /** Set for a break-glass release, which was neither replayed nor tested by a canary; `reason` is `null` if a rollback reinstated it. */
  breakGlass: { reason: string | null } | undefined
}

/**
 * Verifies a store's view of an earlier time, as a reader verifies current documents: rollout signed the head, enough people signed its
 * releases, the log contains them, and the head names the release for that time. `rosters`: all known rosters, newest first, because keys
 * and roles may have changed since. The absence of a later head at that time is only the store's claim. Throws 502 `HMS_VERIFY_HISTORY`.
 */
export function verifyPast(view: PastPolicyView, asked: AskedPast, rosters: readonly Roster[]): VerifiedPast {
  const { head, release, next } = verifiedByAny(view.record, rosters)
  if (head.policy !== asked.id || head.scope !== STABLE_SCOPE) throw refusedHistory(`the head shown is of ${head.policy}@${head.scope}`)
  const named =
    asked.atMs === undefined ? releaseOfVersion([release, next?.release], asked.version) : releaseAt({ release, next }, asked.atMs)
  if (named === undefined || named === null) throw refusedHistory(`the head shown does not make what it is shown for the one in force`)
  const policy = named.predicate.policy as unknown as PolicyValue
  if (asked.atMs !== undefined) {
    // `isFarAhead` allows for a small difference between the clocks of rollout and database.
    if (isFarAhead(head.issuedAt, asked.atMs))
      throw refusedHistory(`the head shown was issued at ${head.issuedAt}, after the time asked for`)
    if (!(effectiveMs(named.predicate.policy) <= asked.atMs))
      throw refusedHistory(`${policy.id}@${policy.version} is in force from ${policy.effective}`)
  }
  if (named.digest !== view.provenance.digest || policy.version !== view.version || view.id !== asked.id)
    throw refusedHistory(`it says ${view.id}@${view.version}, and what is signed is ${policy.id}@${policy.version}`)
  const { approvedBy, predicate } = named
  return { value: deepFreeze(policy), author: predicate.author, approvedBy, breakGlass: breakGlassBehind(predicate) }
}

function releaseAt({ release, next }: Pick<VerifiedHead, 'release' | 'next'>, atMs: number): VerifiedRelease | null {
  return next !== null && next.atMs <= atMs ? next.release : release
}

function releaseOfVersion(
  releases: readonly (VerifiedRelease | null | undefined)[],
  version: string | undefined,
): VerifiedRelease | undefined {
  return releases.find((release) => release?.predicate.policy.version === version) ?? undefined
}

/** Verifies a document by the first roster that accepts it. Throws the error of the newest roster if none does. */
export function verifiedByAny(record: ConfigDocument | undefined, rosters: readonly Roster[]): VerifiedHead {
  let refusal: SignatureError | undefined
  for (const roster of rosters) {
    try {
      return verifyHead(record!, roster)
    } catch (error) {
      refusal ??= error instanceof SignatureError ? error : new SignatureError('HMS_HEAD_MALFORMED', 'it comes without a head')
    }
  }
  throw refusedHistory(refusal?.detail ?? 'no roster is known', refusal)
}

export function refusedHistory(why: string, cause?: Error): HmsError {
  const detail = `What the store says of that time does not verify: ${why}.`
  return new HmsError('HMS_VERIFY_HISTORY', detail, { status: 502, cause, next: ['hms-svc audit verify'] })
}
