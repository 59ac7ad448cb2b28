import { withDeadline } from '../deadline.js'
import type { ConnectionState, HmsConnection, ReadyOptions } from './hms-connection.js'

const READY_MS = 5_000

/**
 * Resolves with the state once it is `READY`, else with the current one after `timeoutMs`. A timeout is not an error: there is a verified
 * copy, and the caller decides whether it suffices. Keeps the process alive meanwhile.
 */
export async function awaitReady(
  connection: Pick<HmsConnection, 'state' | 'on'>,
  { timeoutMs = READY_MS }: ReadyOptions = {},
): Promise<ConnectionState> {
  if (connection.state === 'READY' || connection.state === 'CLOSED') return connection.state
  const late = new Error('not ready in time')
  let off = (): void => {}
  const ready = new Promise<void>((resolve) => (off = connection.on('ready', () => resolve())))
  try {
    await withDeadline(ready, timeoutMs, () => late)
  } catch (error) {
    if (error !== late) throw error
  } finally {
    off()
  }
  return connection.state
}
