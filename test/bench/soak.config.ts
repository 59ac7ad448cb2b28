const DEFAULT_MINUTES = 120

/** Length of a soak: `HMS_BENCH_MINUTES`. */
export function soakMinutes(): number {
  return Number(process.env['HMS_BENCH_MINUTES'] ?? DEFAULT_MINUTES)
}
