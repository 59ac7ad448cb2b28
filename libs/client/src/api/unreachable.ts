import { HmsError } from '#libs/contracts'

/** Returns the error for a timeout or a broken connection: one code for both, exit code 11. */
export function unreachable(url: string, why: string, cause?: unknown): HmsError {
  return new HmsError('HMS_UNREACHABLE', `${url} is not reachable: ${why}`, { status: 503, next: ['hms-svc dev'], retryable: true, cause })
}

/** Returns the reason of an error of `fetch`, `ws` or an abort signal, found in the innermost cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time'
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (error.cause !== undefined) return reasonOf(error.cause)
  return error.message === '' ? error.name : error.message
}
