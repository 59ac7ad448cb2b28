import { action, HmsError, MAX_REASON, type Envelope, type ReleaseDocument } from '#libs/contracts'
import {
  countsOnRelease,
  isSignedLately,
  readDecision,
  readRelease,
  orRefusal,
  SignatureError,
  type Principal,
  type Roster,
} from '#libs/signing'

export interface ReadWithdrawal {
  /** Digest of the statement. */
  id: string
  person: Principal
  reason: string
  publicReason?: string
}

/** Reads a statement. Throws `HmsError` unless it withdraws exactly this release, and its signer's signature counts for the release. */
export function readWithdrawal(
  statement: Envelope,
  { id, version, envelope, releaseDigest }: ReleaseDocument,
  roster: Roster,
  now: Date,
): ReadWithdrawal {
  const read = verifyWithdrawal(statement, roster, now)
  const { subject, decision, reason, publicReason } = read.predicate
  const person = roster.principalOfKey(read.keyids[0]!)!
  const isBounded = [reason, publicReason ?? ''].every(({ length }) => length <= MAX_REASON)
  if (decision !== 'withdraw' || reason.trim() === '' || !isBounded)
    throw withdrawalMismatch(`The signed statement is not a withdrawal with a reason of at most ${MAX_REASON} characters.`, id)
  if (subject !== releaseDigest)
    // guard: withdrawal-bound
    throw withdrawalMismatch(`The signed statement is about another release than ${id}@${version}, which is in force. Sign it again.`, id)
  if (countsOnRelease(roster, person, readRelease(envelope).predicate))
    return { id: read.digest, person, reason, ...(publicReason === undefined ? {} : { publicReason }) } // guard: withdrawal-allowed
  const detail = `${person.name} may not sign the withdrawal of ${id}@${version}.`
  throw new HmsError('HMS_WITHDRAWAL_NOT_ALLOWED', detail, { status: 403, next: [action('roster.show')] })
}

/** Verifies that a person signed; returns the decision, its content unchecked. Throws 403 `HMS_WITHDRAWAL_SIGNATURE_INVALID`. */
export function verifyWithdrawal(statement: Envelope, roster: Roster, now?: Date): ReturnType<typeof readDecision> {
  const read = orRefusal(() => readDecision(statement, roster.keysOfKind('person', now?.toISOString())))
  if (!(read instanceof SignatureError)) return read
  const detail = `No person of the roster signed this withdrawal: ${read.detail}.`
  throw new HmsError('HMS_WITHDRAWAL_SIGNATURE_INVALID', detail, { status: 403, cause: read, next: [action('keys.list')] })
}

/** Throws 403 `HMS_WITHDRAWAL_EXPIRED` unless the statement was signed within ten minutes of `now`. */
export function requireSignedLately(at: string, now: Date): void {
  if (isSignedLately(at, now)) return // guard: withdrawal-expires
  const detail = 'It was signed more than ten minutes ago, or the clocks of its signer and of the database differ that much. Sign it again.'
  throw new HmsError('HMS_WITHDRAWAL_EXPIRED', detail, { status: 403, next: [action('withdraw', { policy: 'ID' })] })
}

function withdrawalMismatch(detail: string, id: string): HmsError {
  return new HmsError('HMS_WITHDRAWAL_OTHER', detail, { status: 422, next: [action('withdraw', { policy: id })] })
}
