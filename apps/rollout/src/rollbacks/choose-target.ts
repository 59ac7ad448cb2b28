import { action, HmsError, peekPredicate, type ReleaseDocument } from '#libs/contracts'
import type { ReleasePredicate, SignatureError } from '#libs/signing'
import { newestApproved, rolledBackRelease, type Stable } from '../stable/stable.table.js'

/**
 * Returns the release that a rollback to `version` makes current: the newest approved release if it was rolled back, or a fallback that its
 * approvers named. Readers accept no other without new signatures. `refused`: releases readers would refuse, by digest. Throws `HmsError`.
 */
export function chooseTarget(
  stable: Stable | undefined,
  {
    policy,
    version,
    wasLive,
    refused,
  }: { policy: string; version: string; wasLive: boolean; refused: ReadonlyMap<string, SignatureError> },
): ReleaseDocument {
  const known = releasesOf(stable, version)
  const acceptable = known.filter(({ releaseDigest }) => !refused.has(releaseDigest))
  // guard: rollback-target-refused
  if (known.length > 0 && acceptable.length === 0) throw targetRefused(policy, version, refused.get(known.at(-1)!.releaseDigest)!)
  const isAcceptable = (release: ReleaseDocument | undefined): boolean =>
    acceptable.some(({ releaseDigest }) => releaseDigest === release?.releaseDigest)
  const current = stable?.current
  if (stable === undefined || current === null || current === undefined) {
    if (wasLive) throw notPreapproved(policy, version, [])
    throw new HmsError('HMS_ROLLOUT_NOTHING_LIVE', `Nothing is live for ${policy}.`, { status: 404, next: [action('runs.list')] })
  }
  if (current.version === version && isAcceptable(current)) {
    // A release held until its effective time is dropped; the release in force stays.
    if (stable.next !== undefined) return current // guard: held-taken-back
    const detail = `${policy}@${version} is live already.`
    throw new HmsError('HMS_ROLLOUT_ALREADY_LIVE', detail, { status: 409, next: [action('get', { policy })], state: { version } })
  }
  if (stable.next?.release.version === version) {
    const detail = `${policy}@${version} has been delivered to all readers and takes effect at ${stable.next.at}.`
    throw new HmsError('HMS_ROLLOUT_ALREADY_LIVE', detail, { status: 409, next: [action('get', { policy })], state: { version } })
  }
  if (known.length === 0 && !wasLive) throw neverLive(stable, policy, version)
  const rolledBack = rolledBackRelease(stable)
  if (rolledBack?.version === version && isAcceptable(rolledBack)) return rolledBack // guard: rollback-taken-back
  const { fallbacks } = peekPredicate<ReleasePredicate>(newestApproved(stable)!.envelope)
  const target = acceptable.findLast((release) => fallbacks.some((ref) => ref.digest === release.releaseDigest))
  if (target !== undefined) return target
  throw notPreapproved(
    policy,
    version,
    fallbacks.map((ref) => ref.version),
  )
}

/** Returns the stored releases of a version, newest last: earlier ones, the current one, and one held until its effective time. */
export function releasesOf(stable: Stable | undefined, version: string): ReleaseDocument[] {
  if (stable === undefined) return []
  const { history, current, next } = stable
  return [...history, current ?? [], next?.release ?? []].flat().filter((release) => release.version === version)
}

/** Creates the error for a version whose releases readers refuse: a head with such a release would only make every reader STALE. */
function targetRefused(policy: string, version: string, { code, detail }: SignatureError): HmsError {
  const text =
    `Readers would refuse ${policy}@${version}: ${detail}. The release in force stays. Such a rollback is a new release and ` +
    `needs as many signatures as an approval of that version.`
  return new HmsError('HMS_ROLLOUT_TARGET_REFUSED', text, {
    status: 409,
    next: [action('rollback', { policy, version })],
    state: { version, refusal: code },
  })
}

function notPreapproved(policy: string, version: string, fallbacks: string[]): HmsError {
  const detail =
    `${policy}@${version} was live, but the newest approved release does not name it as a fallback. ` +
    `The rollback needs as many signatures as an approval of that version.`
  const next = [action('rollback', { policy, version })]
  return new HmsError('HMS_ROLLOUT_NOT_PREAPPROVED', detail, { status: 403, next, state: { fallbacks } })
}

function neverLive({ current, history }: Stable, policy: string, version: string): HmsError {
  const versions = [...new Set([...history.map((release) => release.version), current!.version])]
  return new HmsError('HMS_ROLLOUT_VERSION_UNKNOWN', `${policy}@${version} was never live. Versions that were: ${versions.join(', ')}.`, {
    status: 404,
    next: [action('rollback.choose', { policy })],
    state: versions,
  })
}
