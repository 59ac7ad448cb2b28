/** Consecutive failures that raise an alarm; fewer may be a pause of the database. */
const ALARM_AT = 5
/** Number of further failures after which the alarm repeats. */
const ALARM_EVERY = 100

/** Counts consecutive failures, so that a permanent failure is reported. */
export class FailureStreak {
  private count = 0

  /** `onChange`: called with the length of the streak each time it changes; `alarm` is set if this failure raises the alarm. */
  constructor(private readonly onChange: (inARow: number, alarm: boolean, error?: unknown) => void) {}

  failed(error: unknown): void {
    this.count++
    this.onChange(this.count, this.count === ALARM_AT || this.count % ALARM_EVERY === 0, error) // guard: failures-in-a-row
  }

  succeeded(): void {
    if (this.count === 0) return
    this.count = 0
    this.onChange(0, false)
  }
}
