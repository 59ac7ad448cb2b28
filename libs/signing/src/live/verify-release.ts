import { type Envelope, type LogProof, type ReleaseDocument, utf8 } from '#libs/contracts'
import { STABLE_SCOPE } from '../head.js'
import { type OpenedRelease, type PreparedRelease, readRelease } from '../release.js'
import { approvalState } from '../roster/approvals.js'
import type { Roster } from '../roster/roster.js'
import { orRefusal, refusedAs, SignatureError } from '../signature-error.js'
import { type ApprovedRelease, isApproved } from '../tlog/approval-tree.js'
import { verifyTlogProof } from '../tlog/tlog-proof.js'

/** A release with enough approvals by the roster, and included in the log if the roster names one. */
export interface VerifiedRelease extends OpenedRelease {
  /** `null` if the roster names no log. */
  proof: LogProof | null
  /** When the quorum of witnesses had seen the approval (RFC 3339); `undefined` if the roster names no log. */
  witnessedAt: string | undefined
  /** Names of the people whose signatures count. */
  approvedBy: string[]
  /** Whether the author's signature counts as approval, as the roster permits. */
  soleOfficial: boolean
}

/** Reads a release without verifying its signatures. Throws `HMS_HEAD_RELEASE_INVALID` for an envelope without a release. */
export function openRelease(envelope: Envelope): OpenedRelease {
  return refusedAs('HMS_HEAD_RELEASE_INVALID', 'the release does not verify', () => readRelease(envelope))
}

/** Verifies a release as readers do: witnessed log and enough signatures. Throws `SignatureError` (`HMS_HEAD_…`). Services call it too. */
export function approvedRelease(release: OpenedRelease, proof: LogProof | null, roster: Roster): VerifiedRelease {
  const { id, version } = release.predicate.policy
  const name = `${id}@${version}`
  const at = refusedAs('HMS_HEAD_NOT_LOGGED', `${name} is not in the witnessed log`, () => witnessedAt(release, proof, roster))
  const state = refusedAs('HMS_HEAD_RELEASE_INVALID', `the release of ${id} does not verify`, () => approvalState(roster, release, at))
  if (state.outside !== undefined)
    throw new SignatureError('HMS_HEAD_PLAN_BOUNDS', `${name}: ${state.outside.detail} (${state.outside.bound})`)
  if (!state.complete) throw new SignatureError('HMS_HEAD_NOT_APPROVED', `${name} lacks approval by ${state.missing.join(', ')}`)
  return { ...release, proof, witnessedAt: at, approvedBy: state.approvedBy.map((person) => person.name), soleOfficial: state.soleOfficial }
}

/** Returns why readers would refuse a release in a stable head; `undefined` if they would accept it. */
export function refusalByReaders(
  { envelope, proof }: Pick<ReleaseDocument, 'envelope' | 'proof'>,
  roster: Roster,
): SignatureError | undefined {
  return orRefusal(() => {
    const release = openRelease(envelope)
    const { scopes, policy } = release.predicate
    if (scopes.includes(STABLE_SCOPE)) return void approvedRelease(release, proof ?? null, roster)
    return new SignatureError('HMS_HEAD_SCOPE', `${policy.id}@${policy.version} was not approved for all`)
  })
}

const APPROVED = 'hms.approval.approved.v1'

/**
 * Returns when the witnesses of the roster's current or an earlier log had seen the approval of a release (RFC 3339). The keys of its
 * signers must be valid at that time. Returns `undefined` if the roster names no log. Throws `SignatureError` if the proof is invalid.
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

/** Whether the proven entry is an approval that includes this release; `false` for an invalid entry. */
export function namesRelease({ entry, member }: Pick<LogProof, 'entry' | 'member'>, release: ApprovedRelease): boolean {
  try {
    const { type, releases } = JSON.parse(entry) as { type?: unknown; releases?: unknown }
    return type === APPROVED && isApproved(releases, release, member)
  } catch {
    return false
  }
}
