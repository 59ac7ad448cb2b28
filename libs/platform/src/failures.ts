/** The world is not ready (database or broker down, time-out): retried in place for as long as it takes. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
}

/** This message can never succeed: it goes to the dead letters after its tries, and its key moves on. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

const TRANSIENT_SYSTEM = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN'.split(' '),
)
// PostgreSQL classes: connection, serialization and deadlock, resources (disk full too), operator intervention, system, lock not available.
const TRANSIENT_SQL = /^(08|40|53|57|58|55P03)/

/** Whether an error of a driver says "try again" rather than "this is wrong". Walks `cause` and `errors`. */
export function isTransient(error: unknown): boolean {
  return isCausedBy(error, saysTryAgain)
}

/** Whether an error, or one of those that it wraps as `cause` or `errors`, is of a kind: drivers hide what happened at different depths. */
export function isCausedBy(error: unknown, isOfKind: (fault: object) => boolean): boolean {
  if (typeof error !== 'object' || error === null) return false
  if (isOfKind(error)) return true
  const { cause, errors } = error as { cause?: unknown; errors?: unknown }
  return isCausedBy(cause, isOfKind) || (Array.isArray(errors) && errors.some((each) => isCausedBy(each, isOfKind)))
}

const TRANSIENT_MESSAGES = [
  /timeout exceeded when trying to connect/i,
  /^timeout expired$/i,
  /Connection terminated/i,
  /Client has encountered a connection error/i,
  /Query read timeout/i,
]

function saysTryAgain(fault: object): boolean {
  if (fault instanceof TransientError) return true
  const { code, message } = fault as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && (TRANSIENT_SYSTEM.has(code) || TRANSIENT_SQL.test(code))) return true
  // The words of pool and client, which carry no code.
  return typeof message === 'string' && TRANSIENT_MESSAGES.some((known) => known.test(message))
}

/** PostgreSQL class 22: text that JSON allows and jsonb does not (NUL, lone surrogates). */
export function isDataError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code)
}

export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
