import { action, HmsError } from '#libs/contracts'
import { describeError, isCausedBy, isTransient, pause, type Clock } from '#libs/platform'

/** Maximum start-up time of an embedded server; a single attempt may take 5 s. */
const CONNECTED_WITHIN_MS = 30_000
const TRY_AGAIN_MS = 500

/**
 * Connects, retrying while the server is only slow: a connect time-out during a start on a busy machine is inconclusive. Throws permanent
 * errors at once (a wrong password, a missing database, a refused connection), and the last error after the wait.
 */
export async function connectUntil<T>(clock: Clock, connect: () => Promise<T>): Promise<T> {
  const beganMs = clock.elapsedMs()
  let last: unknown
  // Timers of a clock do not keep the process alive, and before there is a connection nothing else does.
  const stay = setInterval(() => {}, CONNECTED_WITHIN_MS)
  try {
    while (clock.elapsedMs() - beganMs < CONNECTED_WITHIN_MS) {
      try {
        return await connect()
      } catch (error) {
        if (!isTransient(error) || isRefused(error)) throw error
        last = error
      }
      await pause(clock, TRY_AGAIN_MS)
    }
  } finally {
    clearInterval(stay)
  }
  throw new HmsError(
    'HMS_DATABASE_UNREACHABLE',
    `PostgreSQL did not take a connection within ${CONNECTED_WITHIN_MS / 1_000} s: ${describeError(last)}`,
    { status: 503, cause: last, next: [action('help.environment')] },
  )
}

function isRefused(error: unknown): boolean {
  return isCausedBy(error, (fault) => (fault as { code?: unknown }).code === 'ECONNREFUSED')
}
