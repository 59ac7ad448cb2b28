import type { ReleaseDocument } from '#libs/contracts'
import { readRelease } from '#libs/signing'

/** Reads the facts of a release for partners from its signed policy, not from unsigned members of the message. */
export function releaseFacts(release: ReleaseDocument): { policy: string; version: string; digest: string; effective: string } {
  const { predicate, policyDigest } = readRelease(release.envelope)
  const { id, version, effective } = predicate.policy
  return { policy: id, version, digest: policyDigest, effective: String(effective) }
}
