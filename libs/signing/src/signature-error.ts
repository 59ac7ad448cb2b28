export type SignatureErrorCode =
  /** Not a DSSE envelope: wrong members, invalid base64, or too large. */
  | 'HMS_SIGNATURE_MALFORMED'
  /** A signature by a known key does not match the payload. */
  | 'HMS_SIGNATURE_INVALID'
  /** No signature is by a key that may sign. */
  | 'HMS_SIGNATURE_UNKNOWN_KEY'
  /** The payload is not in JCS form, so two parsers might see two values. */
  | 'HMS_SIGNATURE_NOT_CANONICAL'
  /** Too many signatures for one envelope. */
  | 'HMS_SIGNATURE_TOO_MANY'
  /** A public key that is not Ed25519, not canonical, or weak. */
  | 'HMS_SIGNATURE_KEY_UNSUPPORTED'
  /** A statement of another type than expected. */
  | 'HMS_STATEMENT_TYPE'
  /** A statement of the right type with a wrong or missing member. */
  | 'HMS_STATEMENT_INVALID'
  /** A decision about another run, attempt or release. */
  | 'HMS_DECISION_OTHER'
  /** The person may not make this decision. */
  | 'HMS_DECISION_NOT_ALLOWED'
  /** A freeze declared or lifted by a person without a role. */
  | 'HMS_FREEZE_NOT_ALLOWED'
  /** A freeze or its lifting differs from the signed statement. */
  | 'HMS_FREEZE_OTHER'
  /** An inconsistent roster. */
  | 'HMS_ROSTER_INVALID'
  /** Fewer people signed the roster than its own root rule or its predecessor's root rule requires. */
  | 'HMS_ROSTER_THRESHOLD'
  /** The roster's version is not the current version plus one. */
  | 'HMS_ROSTER_VERSION'
  /** A demo roster that became a production one, or vice versa. */
  | 'HMS_ROSTER_PROFILE'
  | 'HMS_ROSTER_INSTALLATION'
  /** The newest roster has expired. */
  | 'HMS_ROSTER_EXPIRED'
  /** No role of the roster may approve this policy. */
  | 'HMS_ROSTER_NO_ROLE'
  /** Not a signed note, or a signature on it is invalid. */
  | 'HMS_NOTE_INVALID'
  /** Not a checkpoint of the expected log. */
  | 'HMS_CHECKPOINT_INVALID'
  /** Fewer witnesses saw the checkpoint than the quorum requires. */
  | 'HMS_CHECKPOINT_UNWITNESSED'
  /** The log does not contain the proven entry. */
  | 'HMS_PROOF_INVALID'
  /** The envelope contains no head. */
  | 'HMS_HEAD_MALFORMED'
  /** The signer may not sign heads of this scope. */
  | 'HMS_HEAD_SIGNER'
  /** The head does not verify. */
  | 'HMS_HEAD_SIGNATURE'
  /** The head names a release that is missing. */
  | 'HMS_HEAD_RELEASE_MISSING'
  /** The head has another effective time for its next release than the release itself. */
  | 'HMS_HEAD_NEXT_TIME'
  /** The included release is not the one that the head names. */
  | 'HMS_HEAD_RELEASE_OTHER'
  /** The release is not a readable statement. */
  | 'HMS_HEAD_RELEASE_INVALID'
  /** Too few of the required people approved the release. */
  | 'HMS_HEAD_NOT_APPROVED'
  /** The plan of the release violates the bounds of the roster. */
  | 'HMS_HEAD_PLAN_BOUNDS'
  /** The witnessed log does not contain the approval of the release. */
  | 'HMS_HEAD_NOT_LOGGED'
  /** The release was not approved for the scope of its head. */
  | 'HMS_HEAD_SCOPE'
  /** A head with a lower `seq` than a head already seen. */
  | 'HMS_HEAD_REPLAYED'
  /** A release with a lower epoch than the highest one seen, and not among its fallbacks. */
  | 'HMS_RELEASE_BELOW_FLOOR'
  /** The release dropped a tag that a role of the roster names, and does not declare it. */
  | 'HMS_RELEASE_TAG_DROPPED'
  /** The policy takes effect later. */
  | 'HMS_RELEASE_NOT_EFFECTIVE'
  /** Not rollout's freshness statement on all stable heads, or older than the known one. */
  | 'HMS_FRESHNESS_INVALID'
  /** Rollout's freshness statement is dated far ahead of the receiver's clock. */
  | 'HMS_FRESHNESS_AHEAD'

/** Verification error. `code` is stable; `detail` describes the problem and is safe to display. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError'

  constructor(
    readonly code: SignatureErrorCode,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`)
  }
}

/** Returns the result of `read`, or the `SignatureError` that it throws. Other errors are rethrown. */
export function orRefusal<T>(read: () => T): T | SignatureError {
  try {
    return read()
  } catch (error) {
    if (error instanceof SignatureError) return error
    throw error
  }
}

/** Returns the result of `read`, or `otherwise` if it throws a `SignatureError`. Other errors are rethrown. */
export function unlessRefused<T, U>(read: () => T, otherwise: U): T | U {
  const result = orRefusal(read)
  return result instanceof SignatureError ? otherwise : result
}

/** Returns the result of `read`. Rethrows its `SignatureError` with this code, and with `what` before the detail. */
export function refusedAs<T>(code: SignatureErrorCode, what: string, read: () => T): T {
  const result = orRefusal(read)
  if (!(result instanceof SignatureError)) return result
  throw new SignatureError(code, `${what}: ${result.detail}`)
}
