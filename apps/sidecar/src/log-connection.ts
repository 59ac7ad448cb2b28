import type { HmsConnection } from '#libs/client'
import { describeError, type Logger } from '#libs/platform'

const ERROR_PAUSE_MS = 1_000

/** Logs state changes and errors of the connection. The server determines the number of errors: at most one a second is logged. */
export function logConnection(connection: Pick<HmsConnection, 'on'>, log: Logger, elapsed: () => number = () => performance.now()): void {
  let [loggedAt, unlogged] = [Number.NEGATIVE_INFINITY, 0]
  connection.on('ready', ({ revision }) => log.info({ revision }, 'the values are all that is signed'))
  connection.on('stale', ({ reason, code }) => log.warn({ reason, code }, 'the values may be old'))
  connection.on('error', (error) => {
    unlogged++
    if (elapsed() - loggedAt < ERROR_PAUSE_MS) return
    log.warn(
      { code: (error as { code?: unknown }).code, error: describeError(error), count: unlogged },
      'something was refused, or went wrong',
    )
    loggedAt = elapsed()
    unlogged = 0
  })
}
