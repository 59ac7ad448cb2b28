const FIRST_MS = 250
/** Including the handshake and the first frames, a reader is up to date five seconds after a fault has ended. */
const LONGEST_MS = 4_000
const LONGEST_LEAVE_MS = 60_000

/**
 * Returns the wait before attempt `attempt` (0 is the first retry), in ms: doubled each time up to 4 s, minus a random half, so that a
 * fleet does not reconnect in step after a restart.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), LONGEST_MS)
  return full * (0.5 + random() / 2)
}

/** Returns the wait requested by a goodbye, in ms: at most a minute. */
export function leaveMs(retryMs = 0): number {
  return Math.min(retryMs, LONGEST_LEAVE_MS)
}
