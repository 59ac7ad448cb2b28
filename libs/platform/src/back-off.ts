/** Pauses after one failure, two, …; the last goes for all that follow. */
export const BACK_OFF_MS: readonly number[] = [50, 100, 250, 500, 1_000, 2_000]

/** How long to wait after so many failures in a row (1 is the first), at most `mostMs`. */
export function backOffMs(failures: number, mostMs = Infinity): number {
  return Math.min(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length) - 1]!, mostMs)
}
