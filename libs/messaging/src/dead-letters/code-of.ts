import { TerminalError } from '#libs/platform'

/** Returns the code of a `TerminalError`. Any other error is a bug of the handler and gets the code passed as `bug`. */
export function codeOf(error: unknown, fallback = 'HMS_EVENT_HANDLER_FAILED'): string {
  return error instanceof TerminalError ? error.code : fallback
}
