export type SignatureErrorCode =
  /** Not a DSSE envelope: members, base64, or bounds. */
  | 'HMS_SIGNATURE_MALFORMED'
  /** A key that should have signed did not sign these bytes. */
  | 'HMS_SIGNATURE_INVALID'
  /** None of the signatures names a key that may sign here. */
  | 'HMS_SIGNATURE_UNKNOWN_KEY'
  /** The payload is not in JCS form, so two parsers might see two values. */
  | 'HMS_SIGNATURE_NOT_CANONICAL'
  /** Too many signatures for one envelope. */
  | 'HMS_SIGNATURE_TOO_MANY'
  /** A public key that is not a plain Ed25519 key. */
  | 'HMS_SIGNATURE_KEY_UNSUPPORTED'
  /** A statement of another type than the reader asked for. */
  | 'HMS_STATEMENT_TYPE'
  /** A statement of the right type with a wrong or missing member. */
  | 'HMS_STATEMENT_INVALID'
  /** The release speaks for another policy than the one at hand. */
  /** A decision about another run, attempt or release. */
  | 'HMS_DECISION_OTHER'
  /** A decision of somebody who may not make it. */
  | 'HMS_DECISION_NOT_ALLOWED'
  /** A freeze declared or lifted by somebody who has no role. */
  | 'HMS_FREEZE_NOT_ALLOWED'
  /** A freeze or its lifting that is not what its person signed. */
  | 'HMS_FREEZE_OTHER'
  /** A roster that contradicts itself. */
  | 'HMS_ROSTER_INVALID'
  /** Fewer people signed the roster than its own root rule, or that of the roster before it, asks for. */
  | 'HMS_ROSTER_THRESHOLD'
  /** Not the version after the present one: a step skipped, repeated, or back. */
  | 'HMS_ROSTER_VERSION'
  /** A demo roster that became a production one, or the other way. */
  | 'HMS_ROSTER_PROFILE'
  | 'HMS_ROSTER_INSTALLATION'
  /** The newest roster is past its validity. */
  | 'HMS_ROSTER_EXPIRED'
  /** No role of the roster may approve this policy. */
  | 'HMS_ROSTER_NO_ROLE'
  /** Not a signed note, or a signature on it is false. */
  | 'HMS_NOTE_INVALID'
  /** Not a checkpoint of the log that was asked for. */
  | 'HMS_CHECKPOINT_INVALID'
  /** Fewer witnesses saw the checkpoint than the quorum asks for. */
  | 'HMS_CHECKPOINT_UNWITNESSED'
  /** The log does not hold what the proof says. */
  | 'HMS_PROOF_INVALID'
  /** The envelope holds no head. */
  | 'HMS_HEAD_MALFORMED'
  /** The signer does not speak for the scope of the head. */
  | 'HMS_HEAD_SIGNER'
  /** The head does not verify. */
  | 'HMS_HEAD_SIGNATURE'
  /** The head names a release and does not bring it. */
  | 'HMS_HEAD_RELEASE_MISSING'
  /** The head names another time for a release that is held than the release does. */
  | 'HMS_HEAD_NEXT_TIME'
  /** The release brought is not the one that the head names. */
  | 'HMS_HEAD_RELEASE_OTHER'
  /** The release is no readable statement. */
  | 'HMS_HEAD_RELEASE_INVALID'
  /** Too few of the people whom the roster asks for approved the release. */
  | 'HMS_HEAD_NOT_APPROVED'
  /** The plan of the release does not hold to the bounds of the roster. */
  | 'HMS_HEAD_PLAN_BOUNDS'
  /** The witnessed log does not hold the approval of the release. */
  | 'HMS_HEAD_NOT_LOGGED'
  /** The release was not approved for the scope in which it is shown. */
  | 'HMS_HEAD_SCOPE'
  /** A head of lower number than one that was seen. */
  | 'HMS_HEAD_REPLAYED'
  /** A release behind the highest one that was seen, and not among its fallbacks. */
  | 'HMS_RELEASE_BELOW_FLOOR'
  /** A tag that a role of the roster names was dropped, and the release does not say so. */
  | 'HMS_RELEASE_TAG_DROPPED'
  /** The policy is in force only later. */
  | 'HMS_RELEASE_NOT_EFFECTIVE'
  /** Not rollout's freshness statement on all stable heads, or an older one than is known. */
  | 'HMS_FRESHNESS_INVALID'
  /** rollout's freshness statement is dated far ahead of the time of anyone who heard it. */
  | 'HMS_FRESHNESS_AHEAD'

/** What does not verify. `code` is stable; `detail` says what is wrong and is safe to show. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError'

  constructor(
    readonly code: SignatureErrorCode,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`)
  }
}
