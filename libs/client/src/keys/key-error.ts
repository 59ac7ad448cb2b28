import { HmsError } from '#libs/contracts'

export type KeyErrorCode =
  /** The passphrase is wrong, empty, or too long for OpenSSL. */
  | 'HMS_KEY_PASSPHRASE'
  /** Not an Ed25519 key in PKCS#8 PEM, or not the key that its public file names. */
  | 'HMS_KEY_UNREADABLE'
  | 'HMS_KEY_EXISTS'
  | 'HMS_KEY_NOT_FOUND'
  /** The name does not yield a file name. */
  | 'HMS_KEY_NAME'
  /** No ssh-agent is configured, none listens, or it does not respond. */
  | 'HMS_KEY_AGENT_UNREACHABLE'
  /** The agent does not have the key, or is locked. */
  | 'HMS_KEY_AGENT_LACKS'
  /** The agent refused to sign, or signed something else. */
  | 'HMS_KEY_AGENT_REFUSED'
  /** Several keys of the agent match. */
  | 'HMS_KEY_AGENT_CHOICE'
  /** The data folder has no roster, or not this service's key. */
  | 'HMS_IDENTITY_MISSING'
  /** The key in the data folder is not the one in its roster. */
  | 'HMS_IDENTITY_MISMATCH'

/** HTTP status by code. Default 403, because the other errors mean that the caller may not use the key. */
const STATUS: Partial<Record<KeyErrorCode, number>> = {
  HMS_KEY_UNREADABLE: 400,
  HMS_KEY_NAME: 400,
  HMS_KEY_EXISTS: 409,
  HMS_KEY_AGENT_CHOICE: 400,
}

/** Error of a key operation. `next` lists helpful commands. */
export class KeyError extends HmsError {
  constructor(code: KeyErrorCode, detail: string, next: readonly string[] = ['hms-svc doctor']) {
    super(code, detail, { status: STATUS[code] ?? 403, next })
  }
}
