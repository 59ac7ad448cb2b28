export type KeyErrorCode =
  /** The passphrase is wrong, empty, or too long for OpenSSL. */
  | 'HMS_KEY_PASSPHRASE'
  /** Not an Ed25519 key in PKCS#8 PEM, or not the key its public file says. */
  | 'HMS_KEY_UNREADABLE'
  | 'HMS_KEY_EXISTS'
  | 'HMS_KEY_NOT_FOUND'
  /** A name that gives no file name. */
  | 'HMS_KEY_NAME'
  /** No ssh-agent is known, none listens, or it does not answer. */
  | 'HMS_KEY_AGENT_UNREACHABLE'
  /** The agent does not hold the key, or is locked and shows none. */
  | 'HMS_KEY_AGENT_LACKS'
  /** The agent would not sign, or signed something else. */
  | 'HMS_KEY_AGENT_REFUSED'
  /** Several keys of the agent could be meant. */
  | 'HMS_KEY_AGENT_CHOICE'
  /** The data folder holds no roster or not this service's key. */
  | 'HMS_IDENTITY_MISSING'
  /** The key in the data folder is not the one that its roster names. */
  | 'HMS_IDENTITY_MISMATCH'

/** `detail` says what is wrong; `next` are commands that help. */
export class KeyError extends Error {
  override readonly name = 'KeyError'

  constructor(
    readonly code: KeyErrorCode,
    readonly detail: string,
    readonly next: readonly { command: string }[] = [],
  ) {
    super(`${code}: ${detail}`)
  }
}
