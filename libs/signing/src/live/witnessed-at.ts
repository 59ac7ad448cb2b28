import { type LogProof } from '#libs/contracts'
import type { PreparedRelease } from '../release.js'
import type { Roster } from '../roster/roster.js'
import { SignatureError } from '../signature-error.js'
import { verifyTlogProof } from '../tlog/tlog-proof.js'

const APPROVED = 'hms.approval.approved.v1'

/**
 * When the witnesses of the roster's log, or of one before it, had seen the approval of a release (RFC 3339): the time at which its
 * signers' keys must be valid. `undefined` where the roster names no log. Throws `SignatureError` when the proof does not lead there.
 */
export function witnessedAt({ predicate, digest }: PreparedRelease, proof: LogProof | null, roster: Roster): string | undefined {
  const policies = roster.logPolicies
  if (policies.length === 0) return undefined
  if (proof === null) throw new SignatureError('HMS_PROOF_INVALID', 'there is no proof')
  const { witnessedAt: seconds } = verifyTlogProof(Buffer.from(proof.entry), proof.proof, policies)
  const { id, version } = predicate.policy
  if (!namesRelease(proof.entry, { id, version, digest }))
    throw new SignatureError('HMS_PROOF_INVALID', 'the entry is not the approval of this release')
  return seconds === undefined ? undefined : new Date(seconds * 1_000).toISOString()
}

/** Whether an entry of the log is the approval of this release; what is no entry names nothing. */
export function namesRelease(entry: string, { id, version, digest }: { id: string; version: string; digest: string }): boolean {
  try {
    const { type, releases } = JSON.parse(entry) as { type?: unknown; releases?: unknown }
    const named = Array.isArray(releases) ? (releases as { id?: unknown; version?: unknown; digest?: unknown }[]) : []
    return type === APPROVED && named.some((release) => release.id === id && release.version === version && release.digest === digest)
  } catch {
    return false
  }
}
