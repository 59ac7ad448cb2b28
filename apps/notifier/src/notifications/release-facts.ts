import type { ReleaseDocument } from '#libs/contracts'
import { readRelease } from '#libs/signing'

/** What partners are told of a release: read from what was signed, not from what lies beside it in the message. */
export function releaseFacts(release: ReleaseDocument): { policy: string; version: string; digest: string; effective: string } {
  const { predicate, policyDigest } = readRelease(release.envelope)
  const { id, version, effective } = predicate.policy
  return { policy: id, version, digest: policyDigest, effective: String(effective) }
}
