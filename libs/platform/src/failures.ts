/** Error of an environment that is not ready (database or broker down, time-out). The work is retried in place without limit. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
}

/** Error of a message that can never succeed. The message is dead-lettered without a further attempt, and its key advances. */
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
// PostgreSQL classes: connection, serialization and deadlock, resources (disk full too), operator intervention, system; lock not available;
// what an operator changes back: read-only transactions, another password or pg_hba.conf, a database that is missing.
const TRANSIENT_SQL = /^(08|40|53|57|58|55P03|25006|28|3D000)/

/** Whether a driver's error is transient. Walks `cause` and `errors`. */
export function isTransient(error: unknown): boolean {
  return isCausedBy(error, isTransientFault)
}

/** Whether an error, or one that it wraps as `cause` or `errors`, is of a kind: drivers nest the original error at different depths. */
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

function isTransientFault(fault: object): boolean {
  if (fault instanceof TransientError) return true
  const { code, message } = fault as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && (TRANSIENT_SYSTEM.has(code) || TRANSIENT_SQL.test(code))) return true
  // Messages of pool and client, which have no code.
  return typeof message === 'string' && TRANSIENT_MESSAGES.some((known) => known.test(message))
}

/** Whether an error is of PostgreSQL class 22 (data exception), such as text that JSON allows and jsonb does not (NUL, lone surrogates). */
export function isDataError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code)
}

export function describeError(error: unknown): string {
  // Node's error for several refused addresses, such as both of `localhost`, has no message of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return describeError(error.errors[0])
  // What failed is the cause of the error that `fetch` throws.
  if (error instanceof TypeError && error.message === 'fetch failed' && error.cause !== undefined) return describeError(error.cause)
  return error instanceof Error ? error.message : String(error)
}
