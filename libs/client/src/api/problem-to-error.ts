import { HmsError, isObject, isOwnCommand, jsonIn, type Problem } from '#libs/contracts'

const GATEWAY_STATUS: ReadonlySet<number> = new Set([502, 503, 504])

/** Format of a trace id. Checked, because a response may come from any server and the id is printed. */
const TRACE_ID = /^[0-9a-f]{1,32}$/

/** Returns the error for a non-2xx response: from its problem document if present, else from the status. */
export function errorOfResponse(url: string, status: number, contentType: string | null, body: string): HmsError {
  const problem = contentType?.includes('json') === true ? parseProblem(body) : undefined
  if (problem !== undefined) return errorOfProblem(problem, status)
  if (GATEWAY_STATUS.has(status))
    return new HmsError('HMS_UNREACHABLE', `${url} responded with status ${status}`, { status, next: ['hms-svc dev'], retryable: true })
  return new HmsError('HMS_HTTP_UNEXPECTED', `${url} responded with status ${status} without a problem document: is this an HMS-SVC?`, {
    status,
  })
}

function errorOfProblem(problem: Partial<Problem> & { code: string }, status: number): HmsError {
  const { traceId } = problem
  return new HmsError(problem.code, problem.detail ?? problem.title ?? problem.code, {
    status,
    next: (Array.isArray(problem.next) ? problem.next : [])
      .filter((step) => isOwnCommand(step?.command)) // guard: own-commands
      .map(({ command, action, arguments: values }) => ({ command, action, arguments: values })),
    errors: Array.isArray(problem.errors) ? problem.errors : [],
    retryable: problem.retryable,
    state: problem.state,
    traceId: typeof traceId === 'string' && TRACE_ID.test(traceId) ? traceId : undefined,
  })
}

function parseProblem(body: string): (Partial<Problem> & { code: string }) | undefined {
  const value = jsonIn(body)
  return isObject(value) && typeof value['code'] === 'string' ? (value as Partial<Problem> & { code: string }) : undefined
}

/** Returns the error for a timeout or a broken connection: `HMS_UNREACHABLE`, exit code 11. `isSent`: the request may take effect. */
export function unreachable(url: string, why: string, cause?: unknown, isSent = false): HmsError {
  const detail = isSent ? `${url} did not respond in time, and may still do what was requested` : `${url} is not reachable: ${why}`
  const next = [isSent ? 'hms-svc doctor' : 'hms-svc dev']
  return new HmsError('HMS_UNREACHABLE', detail, { status: 503, next, retryable: true, cause })
}

/** Returns the reason of an error of `fetch`, `ws` or an abort signal, found in the innermost cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time'
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (error.cause !== undefined) return reasonOf(error.cause)
  return error.message === '' ? error.name : error.message
}
