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
  | 'HMS_RELEASE_MISMATCH'
  /** A roster that contradicts itself. */
  | 'HMS_ROSTER_INVALID'
  /** Fewer people signed the roster than its own root rule, or that of the roster before it, asks for. */
  | 'HMS_ROSTER_THRESHOLD'
  /** Not the version after the present one: a step skipped, repeated, or back. */
  | 'HMS_ROSTER_VERSION'
  /** A demo roster that became a production one, or the other way. */
  | 'HMS_ROSTER_PROFILE'
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

/** What does not verify. `code` is stable; `detail` says what is wrong and is safe to show. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError'

  constructor(readonly code: SignatureErrorCode, readonly detail: string) {
    super(`${code}: ${detail}`)
  }
}
