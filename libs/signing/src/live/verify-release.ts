import type { Envelope, LogProof, ReleaseDocument } from '#libs/contracts'
import { STABLE_SCOPE } from '../head.js'
import { readRelease, type OpenedRelease } from '../release.js'
import { approvalState } from '../roster/approvals.js'
import type { Roster } from '../roster/roster.js'
import { SignatureError, type SignatureErrorCode } from '../signature-error.js'
import { witnessedAt } from './witnessed-at.js'

/** A release that may be in force: approved by the people that the roster requires, and in the log if there is one. */
export interface VerifiedRelease extends OpenedRelease {
  /** `null` where the roster names no log. */
  proof: LogProof | null
  /** When the log's witnesses had seen its approval (RFC 3339); `undefined` if the roster names no log. */
  witnessedAt: string | undefined
  /** Names of the people whose signatures count. */
  approvedBy: string[]
  /** The author approved alone, as the roster allows. */
  soleOfficial: boolean
}

/** Opens a release. Throws `HMS_HEAD_RELEASE_INVALID` for an envelope without one. */
export function openRelease(envelope: Envelope): OpenedRelease {
  return inTheWordsOf('HMS_HEAD_RELEASE_INVALID', 'the release does not verify', () => readRelease(envelope))
}

/**
 * Verifies a release by the rule of readers: the witnessed log contains its approval, and enough people of the roster signed it. Throws
 * `SignatureError` with a `HMS_HEAD_…` code. Every producer calls this before it offers a release to readers.
 */
export function approvedRelease(release: OpenedRelease, proof: LogProof | null, roster: Roster): VerifiedRelease {
  const { id, version } = release.predicate.policy
  const name = `${id}@${version}`
  const at = inTheWordsOf('HMS_HEAD_NOT_LOGGED', `${name} is not in the witnessed log`, () => witnessedAt(release, proof, roster))
  const state = inTheWordsOf('HMS_HEAD_RELEASE_INVALID', `the release of ${id} does not verify`, () => approvalState(roster, release, at))
  if (state.outside !== undefined)
    throw new SignatureError('HMS_HEAD_PLAN_BOUNDS', `${name}: ${state.outside.detail} (${state.outside.bound})`)
  if (!state.complete) throw new SignatureError('HMS_HEAD_NOT_APPROVED', `${name} lacks approval by ${state.missing.join(', ')}`)
  return {
    ...release,
    proof,
    witnessedAt: at,
    approvedBy: state.approvedBy.map((person) => person.name),
    soleOfficial: state.soleOfficial,
  }
}

/** Returns why readers would refuse a release as live for all; `undefined` if they would accept it. */
export function refusalByReaders(
  { envelope, proof }: Pick<ReleaseDocument, 'envelope' | 'proof'>,
  roster: Roster,
): SignatureError | undefined {
  try {
    const release = openRelease(envelope)
    if (release.predicate.scopes.includes(STABLE_SCOPE)) return void approvedRelease(release, proof ?? null, roster)
    return new SignatureError(
      'HMS_HEAD_SCOPE',
      `${release.predicate.policy.id}@${release.predicate.policy.version} was not approved for all`,
    )
  } catch (error) {
    if (error instanceof SignatureError) return error
    throw error
  }
}

function inTheWordsOf<T>(code: SignatureErrorCode, what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof SignatureError) throw new SignatureError(code, `${what}: ${error.detail}`)
    throw error
  }
}
