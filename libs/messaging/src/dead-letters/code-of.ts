import { TerminalError } from '#libs/platform'

/** The code that a failure stands under; what brings none of its own is a bug of the handler. */
export function codeOf(error: unknown, bug = 'HMS_EVENT_HANDLER_FAILED'): string {
  return error instanceof TerminalError ? error.code : bug
}
