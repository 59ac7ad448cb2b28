import { HmsError, peekPredicate, type ReleaseDocument } from '#libs/contracts'
import type { ReleasePredicate } from '#libs/signing'
import { newestApproved, takenBack, type Stable } from '../stable/stable.table.js'

/**
 * The release that a rollback to `version` makes current: the newest approved release itself (a rollback is taken back), or one that its
 * approvers named as fallback. Readers accept no other without new signatures. Throws with the present state.
 */
export function chooseTarget(stable: Stable | undefined, policy: string, version: string): ReleaseDocument {
  const current = stable?.current
  if (stable === undefined || current === null || current === undefined) {
    throw new HmsError('HMS_ROLLOUT_NOTHING_LIVE', `Nothing is live for ${policy}.`, { status: 404, next: ['hms-svc runs list'] })
  }
  if (current.version === version) {
    // What is held for later is taken back, and what is in force stays.
    if (stable.next !== undefined) return current
    throw new HmsError('HMS_ROLLOUT_ALREADY_LIVE', `${policy}@${version} is live already.`, {
      status: 409,
      next: [`hms-svc get ${policy}`],
      state: { version },
    })
  }
  if (stable.next?.release.version === version) {
    const detail = `${policy}@${version} is held by all readers, and in force from ${stable.next.at}.`
    throw new HmsError('HMS_ROLLOUT_ALREADY_LIVE', detail, { status: 409, next: [`hms-svc get ${policy}`], state: { version } })
  }
  const known = stable.history.filter((release) => release.version === version)
  if (known.length === 0) throw neverLive(stable, policy, version)
  const forward = takenBack(stable)
  if (forward?.version === version) return forward
  const { fallbacks } = peekPredicate<ReleasePredicate>(newestApproved(stable)!.envelope)
  const target = known.findLast((release) => fallbacks.some((ref) => ref.digest === release.releaseDigest))
  if (target !== undefined) return target
  throw new HmsError(
    'HMS_ROLLOUT_NOT_PREAPPROVED',
    `The approvers of the newest release of ${policy} did not name ${version} as fallback, so no bot would take it back. ` +
      `Approve it as a new version.`,
    { status: 403, next: ['hms-svc approve FILE --sign NAME'], state: { fallbacks: fallbacks.map((ref) => ref.version) } },
  )
}

function neverLive({ current, history }: Stable, policy: string, version: string): HmsError {
  const versions = [...new Set([...history.map((release) => release.version), current!.version])]
  return new HmsError('HMS_ROLLOUT_VERSION_UNKNOWN', `${policy}@${version} was never live. Versions that were: ${versions.join(', ')}.`, {
    status: 404,
    next: [`hms-svc rollback ${policy}@VERSION`],
    state: versions,
  })
}
