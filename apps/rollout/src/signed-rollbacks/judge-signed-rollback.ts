import type { ReleaseDocument } from '#libs/contracts'
import { approvalState, readRelease, orRefusal, SignatureError, type Approver, type Roster } from '#libs/signing'
import type { LiveVersion } from '../stable/live-version.table.js'
import { overtakenReason, type Stable } from '../stable/stable.table.js'

export interface RefusedRollback {
  reason: string
  /** A sentence without its full stop. */
  detail: string
}

/** Approvers whose signatures count, or the reason why the rollback does not go live. */
export type JudgedRollback = { approvedBy: Approver[] } | RefusedRollback

/** State of the policy known to rollout. `known`: record of the version that the rollback reinstates, if it was ever live. */
export interface LocalState {
  stable: Stable
  known: LiveVersion | undefined
}

/**
 * Decides whether a rollback from approver may skip lint, simulation and canary: enough people signed it, its version was in force before,
 * and it replaces the release that was in force when they signed. Trusts the signatures, not approver. Pure.
 */
export function judgeSignedRollback(releases: readonly ReleaseDocument[], { stable, known }: LocalState, roster: Roster): JudgedRollback {
  const [release] = releases
  if (release === undefined || releases.length !== 1) return refusal('BUNDLE_BROKEN', 'a signed rollback must contain exactly one policy')
  const judged = orRefusal(() => {
    const read = readRelease(release.envelope)
    const { predicate, policyDigest } = read
    const { approvedBy, complete, missing } = approvalState(roster, read)
    if (!complete) return refusal('NOT_APPROVED', `signatures are missing: ${missing.join(', ')}`)
    const { policy, rollback } = predicate
    const name = `${policy.id}@${policy.version}`
    if (rollback === undefined || known?.policyDigest !== policyDigest)
      // guards: signed-rollback-was-live, signed-rollback-same-document
      return refusal('NEVER_LIVE', `${name} was never live with this content`)
    return overtakenReason(stable, predicate.releaseEpoch, rollback.replaces) ?? { approvedBy }
  })
  return judged instanceof SignatureError ? refusal('NOT_APPROVED', judged.detail) : judged
}

function refusal(reason: string, detail: string): RefusedRollback {
  return { reason, detail }
}
