/** Before what was signed is sent a person can still take it back: nothing has left the page. */
export const WINDOW_MS = 10_000
export const MORE_MS = 60_000
const TICK_MS = 250

export interface WindowClock {
  now(): number
  /** Answers how to cancel it. */
  after(ms: number, task: () => void): () => void
}

/** Counts down once; `sendNow`, `cancel` and `more` are its buttons. */
export class CancelWindow {
  private endsAt: number
  private stop: () => void = () => {}

  constructor(
    private readonly clock: WindowClock,
    private readonly events: { left(seconds: number): void; over(): void },
  ) {
    this.endsAt = clock.now() + WINDOW_MS
    this.tick()
  }

  /** As often as one likes: a time limit that cannot be extended shuts people out. */
  more(): void {
    this.endsAt += MORE_MS
    this.events.left(this.secondsLeft)
  }

  sendNow(): void {
    this.stop()
    this.events.over()
  }

  cancel(): void {
    this.stop()
  }

  private get secondsLeft(): number {
    return Math.max(0, Math.ceil((this.endsAt - this.clock.now()) / 1_000))
  }

  private tick(): void {
    if (this.clock.now() >= this.endsAt) return this.events.over()
    this.events.left(this.secondsLeft)
    this.stop = this.clock.after(TICK_MS, () => this.tick())
  }
}
