import { HmsError } from '#libs/contracts'
import { KeyError, type KeyErrorCode } from '../keys/key-error.js'

/** HTTP status by key error; default 403, because other errors mean that the caller is not allowed. */
const STATUS: Partial<Record<KeyErrorCode, number>> = {
  HMS_KEY_UNREADABLE: 400,
  HMS_KEY_NAME: 400,
  HMS_KEY_EXISTS: 409,
  HMS_KEY_AGENT_CHOICE: 400,
}

/** Converts a `KeyError` into the error that SDK and CLI report; returns other errors unchanged. */
export function asKeyProblem(error: unknown): unknown {
  if (!(error instanceof KeyError)) return error
  return new HmsError(error.code, error.detail, {
    status: STATUS[error.code] ?? 403,
    next: error.next.map(({ command }) => command),
    cause: error,
  })
}
