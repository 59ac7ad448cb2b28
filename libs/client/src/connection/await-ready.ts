import { withDeadline } from '../deadline.js'
import type { ConnectionState, HmsConnection, ReadyOptions } from './hms-connection.js'

const READY_MS = 5_000

/**
 * The state once it is `READY`, else what it is when `timeoutMs` is over. Not an error: there is a verified copy to answer from, and
 * whether that will do is for the caller to say. Keeps the process alive meanwhile.
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
