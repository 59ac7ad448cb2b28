const FIRST_MS = 250
/** Longest wait in ms. With the handshake and the first frames, a reader is up to date at most five seconds after a fault has ended. */
const LONGEST_MS = 4_000

/** Returns the wait in ms before retry `attempt` (from 0): doubled up to 4 s, minus up to half at random, which spreads a fleet. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), LONGEST_MS)
  return full * (0.5 + random() / 2)
}
