import { HmsError, type Envelope } from '#libs/contracts'
import { isSignedLately, readFreeze, SignatureError, type ReadFreeze, type Roster } from '#libs/signing'

/** Says over HTTP why a statement about a freeze does not count. */
export function readSignedFreeze(statement: Envelope, roster: Roster, now: Date): ReadFreeze {
  try {
    const read = readFreeze(statement, roster, now.toISOString())
    if (isSignedLately(read.predicate.at, now)) return read
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    const code = error.code === 'HMS_FREEZE_NOT_ALLOWED' ? error.code : 'HMS_FREEZE_SIGNATURE_INVALID'
    throw new HmsError(code, `The statement does not count: ${error.detail}.`, { status: 403, next: ['hms-svc roster show'], cause: error })
  }
  const detail = 'It was signed more than ten minutes ago, or the clocks of its signer and of the database differ that much. Sign it again.'
  throw new HmsError('HMS_FREEZE_STATEMENT_EXPIRED', detail, { status: 403 })
}
