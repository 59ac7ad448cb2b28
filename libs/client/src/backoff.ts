const FIRST_MS = 250
/** With the handshake and the first frames, a reader has what the server has five seconds after a fault is over. */
const LONGEST_MS = 4_000
const LONGEST_LEAVE_MS = 60_000

/**
 * Wait before try number `attempt` (0 is the first again): doubled each time up to 4 s, of which a random half is
 * taken off, so that a fleet does not come back in step after a restart.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), LONGEST_MS)
  return full * (0.5 + random() / 2)
}

/** Wait that a goodbye asks for, in ms: a minute at most. */
export function leaveMs(retryMs = 0): number {
  return Math.min(retryMs, LONGEST_LEAVE_MS)
}
