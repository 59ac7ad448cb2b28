import { HmsError } from '#libs/contracts'
import { describeError, isCausedBy, isTransient, pause, type Clock } from '#libs/platform'

/** As long as an embedded server may take to begin; a try itself may take 5 s. */
const CONNECTED_WITHIN_MS = 30_000
const TRY_AGAIN_MS = 500

/**
 * Connects, and tries again while the server is only slow: on a busy machine one connect time-out in a start says nothing. Throws at once
 * what will not change (a wrong password, a missing database, nobody at the address), and the last error once the wait is over.
 */
export async function connectUntil<T>(clock: Clock, connect: () => Promise<T>): Promise<T> {
  const beganMs = clock.elapsedMs()
  let last: unknown
  // Timers of a clock keep no process alive, and nothing else does before there is a connection.
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
    {
      status: 503,
      cause: last,
      next: ['hms-svc help environment'],
    },
  )
}

function isRefused(error: unknown): boolean {
  return isCausedBy(error, (fault) => (fault as { code?: unknown }).code === 'ECONNREFUSED')
}
