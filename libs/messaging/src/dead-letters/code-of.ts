import { TerminalError } from '#libs/platform'

/** Returns the code of a failure; an error without a code is a bug of the handler and gets `bug`. */
export function codeOf(error: unknown, bug = 'HMS_EVENT_HANDLER_FAILED'): string {
  return error instanceof TerminalError ? error.code : bug
}
