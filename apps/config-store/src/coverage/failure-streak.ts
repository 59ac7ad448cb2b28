/** Failures in a row after which somebody is told; each of them before that may be a pause of the database. */
const ALARM_AT = 5
/** And how often again. */
const AGAIN_EVERY = 100

/** Counts failures in a row, so that what fails for ever does not fail in silence. */
export class FailureStreak {
  private count = 0

  /** `tell` gets the length of the streak each time it changes, and whether it is an alarm now. */
  constructor(private readonly tell: (inARow: number, alarm: boolean, error?: unknown) => void) {}

  failed(error: unknown): void {
    this.count++
    this.tell(this.count, this.count === ALARM_AT || this.count % AGAIN_EVERY === 0, error)
  }

  succeeded(): void {
    if (this.count === 0) return
    this.count = 0
    this.tell(0, false)
  }
}
