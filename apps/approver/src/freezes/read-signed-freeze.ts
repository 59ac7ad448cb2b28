import { action, HmsError, type Envelope } from '#libs/contracts'
import { isSignedLately, readFreeze, SignatureError, type ReadFreeze, type Roster } from '#libs/signing'

/** Verifies a statement about a freeze; throws an HTTP error for an invalid one. */
export function readSignedFreeze(statement: Envelope, roster: Roster, now: Date): ReadFreeze {
  const read = verifyStatement(statement, roster, now)
  // Records of earlier builds may lack the installation. A new statement without it would be valid in every installation whose people have
  // these keys.
  if (read.predicate.installation === undefined) throw otherInstallation('it names no installation', roster) // guard: freeze-names-installation
  if (isSignedLately(read.predicate.at, now)) return read
  const detail = 'It was signed more than ten minutes ago, or the clocks of its signer and of the database differ that much. Sign it again.'
  throw new HmsError('HMS_FREEZE_STATEMENT_EXPIRED', detail, { status: 403 })
}

/** Verifies all but the times, which need the database's clock. Called first, so that unauthorised statements never reach the database. */
export function requireSignedFreeze(statement: Envelope, roster: Roster): void {
  verifyStatement(statement, roster)
}

function verifyStatement(statement: Envelope, roster: Roster, now?: Date): ReadFreeze {
  try {
    return readFreeze(statement, roster, now?.toISOString())
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    if (error.code === 'HMS_FREEZE_OTHER') throw otherInstallation(error.detail, roster, error)
    const code = error.code === 'HMS_FREEZE_NOT_ALLOWED' ? error.code : 'HMS_FREEZE_SIGNATURE_INVALID'
    throw new HmsError(code, `The statement does not count: ${error.detail}.`, { status: 403, next: [action('roster.show')], cause: error })
  }
}

function otherInstallation(why: string, { installation }: Roster, cause?: Error): HmsError {
  const detail = `The statement does not count here: ${why}. Set HMS_ROSTER to the roster of ${installation} and sign it again.`
  return new HmsError('HMS_FREEZE_OTHER', detail, { status: 409, next: [action('roster.show'), action('help.environment')], cause })
}
