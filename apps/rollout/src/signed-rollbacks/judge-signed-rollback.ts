import type { ReleaseDocument } from '#libs/contracts'
import { approvalState, readRelease, SignatureError, type Approver, type ReleasePredicate, type Roster } from '#libs/signing'
import type { LiveVersion } from '../stable/live-version.table.js'
import { newestApproved, type Stable } from '../stable/stable.table.js'

export interface RefusedRollback {
  reason: string
  /** As a sentence without its full stop. */
  detail: string
}

/** Whom its signatures are of, or why it does not go live. */
export type JudgedRollback = { approvedBy: Approver[] } | RefusedRollback

/** What rollout itself knows of the policy. `known`: of the version that the release brings back. */
export interface KnownHere {
  stable: Stable
  known: LiveVersion | undefined
}

/**
 * Whether a rollback that approver sent may pass without lint, simulation and canary: enough people signed it, what it brings back was in
 * force before, and it replaces what they saw. Believes the signatures, not approver. Pure.
 */
export function judgeSignedRollback(releases: readonly ReleaseDocument[], { stable, known }: KnownHere, roster: Roster): JudgedRollback {
  const [release] = releases
  if (release === undefined || releases.length !== 1) return refused('BUNDLE_BROKEN', 'a rollback that people sign is of one policy')
  try {
    const read = readRelease(release.envelope)
    const { predicate, policyDigest } = read
    const { approvedBy, complete, missing } = approvalState(roster, read)
    if (!complete) return refused('NOT_APPROVED', `signatures are missing: ${missing.join(', ')}`)
    const { policy, rollback } = predicate
    const name = `${policy.id}@${policy.version}`
    if (rollback === undefined || known?.policyDigest !== policyDigest) return refused('NEVER_LIVE', `${name} was never live like this`)
    return movedOn(predicate, stable) ?? { approvedBy }
  } catch (error) {
    if (error instanceof SignatureError) return refused('NOT_APPROVED', error.detail)
    throw error
  }
}

/** An order that was overtaken, or carried out before, counts no more: its epoch and what it replaces say so. */
function movedOn({ policy, releaseEpoch, rollback }: ReleasePredicate, stable: Stable): RefusedRollback | undefined {
  const isReplaced = (rollback!.replaces?.digest ?? null) === (stable.current?.releaseDigest ?? null)
  const isNewer = releaseEpoch > (newestApproved(stable)?.releaseEpoch ?? 0)
  if (isReplaced && isNewer) return undefined
  return refused('LIVE_MOVED', `${policy.id} moved to ${stable.current?.version ?? 'nothing'} after people signed`)
}

function refused(reason: string, detail: string): RefusedRollback {
  return { reason, detail }
}
