import { type LogProof, utf8 } from '#libs/contracts'
import type { PreparedRelease } from '../release.js'
import type { Roster } from '../roster/roster.js'
import { SignatureError } from '../signature-error.js'
import { isApproved, type ApprovedRelease } from '../tlog/approval-tree.js'
import { verifyTlogProof } from '../tlog/tlog-proof.js'

const APPROVED = 'hms.approval.approved.v1'

/**
 * Returns when the witnesses of the roster's log, or of an earlier one, had seen the approval of a release (RFC 3339): the time at which
 * its signers' keys must be valid. `undefined` if the roster names no log. Throws `SignatureError` if the proof is invalid.
 */
export function witnessedAt({ predicate, digest }: PreparedRelease, proof: LogProof | null, roster: Roster): string | undefined {
  const policies = roster.logPolicies
  if (policies.length === 0) return undefined
  if (proof === null) throw new SignatureError('HMS_PROOF_INVALID', 'there is no proof')
  const { witnessedAt: seconds } = verifyTlogProof(utf8(proof.entry), proof.proof, policies)
  const { id, version } = predicate.policy
  if (!namesRelease(proof, { id, version, digest }))
    throw new SignatureError('HMS_PROOF_INVALID', 'the entry is not the approval of this release')
  return seconds === undefined ? undefined : new Date(seconds * 1_000).toISOString()
}

/** Whether the proven entry is the approval of this release, alone or with others; `false` for an invalid entry. */
export function namesRelease({ entry, member }: Pick<LogProof, 'entry' | 'member'>, release: ApprovedRelease): boolean {
  try {
    const { type, releases } = JSON.parse(entry) as { type?: unknown; releases?: unknown }
    return type === APPROVED && isApproved(releases, release, member)
  } catch {
    return false
  }
}
