/** Pauses after one failure, two, …; the last one repeats. */
export const BACK_OFF_MS: readonly number[] = [50, 100, 250, 500, 1_000, 2_000]

/** Returns the wait after this many consecutive failures (1 is the first), at most `mostMs`. */
export function backOffMs(failures: number, mostMs = Infinity): number {
  return Math.min(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length) - 1]!, mostMs)
}
