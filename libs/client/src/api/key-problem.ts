import { HmsError } from '#libs/contracts'
import { KeyError, type KeyErrorCode } from '../keys/key-error.js'

/** What a trouble with a key means to the caller: not allowed, unless the request itself was wrong. */
const STATUS: Partial<Record<KeyErrorCode, number>> = {
  HMS_KEY_UNREADABLE: 400,
  HMS_KEY_NAME: 400,
  HMS_KEY_EXISTS: 409,
  HMS_KEY_AGENT_CHOICE: 400,
}

/** A `KeyError` as the error that SDK and CLI report; anything else as it is. */
export function asKeyProblem(error: unknown): unknown {
  if (!(error instanceof KeyError)) return error
  return new HmsError(error.code, error.detail, {
    status: STATUS[error.code] ?? 403,
    next: error.next.map(({ command }) => command),
    cause: error,
  })
}
