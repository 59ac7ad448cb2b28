/** Time in ms in which a person can still cancel; until then, no signature leaves the page. */
export const WINDOW_MS = 10_000
export const MORE_MS = 60_000
const TICK_MS = 250

export interface WindowClock {
  now(): number
  /** Returns its canceller. */
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

  /** Adds a minute, any number of times: a fixed time limit shuts people out. */
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
