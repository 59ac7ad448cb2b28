import { HmsError } from '#libs/contracts'

/** Nobody answered in time, or the connection broke: one code for all of them, exit code 11. */
export function unreachable(url: string, why: string, cause?: unknown): HmsError {
  return new HmsError('HMS_UNREACHABLE', `${url} is not reachable: ${why}`, { status: 503, next: ['hms-svc dev'], retryable: true, cause })
}

/** What `fetch`, `ws` and the abort signal throw; the reason lies in the innermost cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time'
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (error.cause !== undefined) return reasonOf(error.cause)
  return error.message === '' ? error.name : error.message
}
