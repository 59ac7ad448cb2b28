/** Milliseconds from monotonic time. */
export function nowMs(): number {
  return performance.now()
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

/** Prints p50 and p99; answers p50. */
export function report(label: string, values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const ms = (value: number): string => `${value.toFixed(1)} ms`.padStart(10)
  process.stdout.write(
    `${label.padEnd(58)} p50 ${ms(percentile(sorted, 0.5))}   p99 ${ms(percentile(sorted, 0.99))}   n ${sorted.length}\n`,
  )
  return percentile(sorted, 0.5)
}
