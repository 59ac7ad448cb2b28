import { HmsError, peekPredicate, type ReleaseDocument } from '#libs/contracts'
import type { ReleasePredicate } from '#libs/signing'
import type { Stable } from '../stable/stable.entity.js'

/**
 * The release that a rollback to `version` makes current: only one that the approvers of the current release named as fallback. Readers
 * accept no other without new signatures. Throws with the present state.
 */
export function chooseTarget(stable: Stable | undefined, policy: string, version: string): ReleaseDocument {
  const current = stable?.current
  if (stable === undefined || current === null || current === undefined) {
    throw new HmsError('HMS_ROLLOUT_NOTHING_LIVE', `Nothing is live for ${policy}.`, { status: 404, next: ['hms-svc runs list'] })
  }
  if (current.version === version) {
    throw new HmsError('HMS_ROLLOUT_ALREADY_LIVE', `${policy}@${version} is live already.`, { status: 409, next: [`hms-svc get ${policy}`], state: { version } })
  }
  const known = stable.history.filter((release) => release.version === version)
  if (known.length === 0) {
    throw new HmsError('HMS_ROLLOUT_VERSION_UNKNOWN', `${policy}@${version} was never live.`, { status: 404, next: [`hms-svc get ${policy}`], state: versionsOf(stable) })
  }
  const { fallbacks } = peekPredicate<ReleasePredicate>(newestApproved(stable, current).envelope)
  const target = known.findLast((release) => fallbacks.some((ref) => ref.digest === release.releaseDigest))
  if (target !== undefined) return target
  throw new HmsError(
    'HMS_ROLLOUT_NOT_PREAPPROVED',
    `The approvers of the newest release of ${policy} did not name ${version} as fallback, so no bot would take it back. Approve it as a new version.`,
    { status: 409, next: ['hms-svc approve FILE --sign NAME'], state: { fallbacks: fallbacks.map((ref) => ref.version) } },
  )
}

/** Readers keep the highest epoch they ever saw: after one rollback it is still that release whose fallbacks count. */
function newestApproved(stable: Stable, current: ReleaseDocument): ReleaseDocument {
  return [current, ...stable.history].reduce((highest, release) => (release.releaseEpoch > highest.releaseEpoch ? release : highest))
}

function versionsOf(stable: Stable): string[] {
  return [...new Set(stable.history.map((release) => release.version))]
}
