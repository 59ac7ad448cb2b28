import type { Clock } from './clock.js'

export interface RepeatedWork {
  /** Between the end of one time and the begin of the next; `Infinity`: only when it is woken. */
  everyMs: number | (() => number)
  run(): unknown
  /** What `run` throws ends nothing: it is told here, and the next time comes after the pause, or when this asks for it. */
  failed(error: unknown): void
}

/** Does something again and again by a clock, and sooner when it is woken; never twice at once. For what may be lost with the process. */
export class Repeat {
  private stopped = true
  private busy = false
  /** How soon the next time was asked for while none could begin. */
  private askedMs = Infinity
  /** When the next time begins, ms since the epoch. */
  private dueAt = Infinity
  private cancelNext = (): void => {}
  private running: Promise<void> = Promise.resolve()

  constructor(
    private readonly clock: Clock,
    private readonly work: RepeatedWork,
  ) {}

  /** Whether nothing is under way. */
  get idle(): boolean {
    return !this.busy
  }

  start(firstAfterMs = this.pauseMs()): void {
    this.stopped = false
    if (this.busy) this.wake(firstAfterMs)
    else this.later(firstAfterMs)
  }

  /** The next time begins in `withinMs` at the latest: at once without, or when the one that runs has ended. */
  wake(withinMs = 0): void {
    if (this.busy || this.stopped) this.askedMs = Math.min(this.askedMs, withinMs)
    else if (withinMs <= 0) this.begin()
    else if (this.clock.now().getTime() + withinMs < this.dueAt) this.later(withinMs)
  }

  /** No other time begins; resolves when one that runs has ended. */
  async stop(): Promise<void> {
    this.stopped = true
    this.cancel()
    await this.running
  }

  private later(delayMs: number): void {
    const soonestMs = Math.min(delayMs, this.askedMs)
    this.cancel()
    if (this.stopped || soonestMs === Infinity) return
    this.dueAt = this.clock.now().getTime() + soonestMs
    this.cancelNext = this.clock.after(soonestMs, () => this.begin())
  }

  private cancel(): void {
    this.cancelNext()
    this.cancelNext = () => {}
    this.dueAt = Infinity
  }

  private begin(): void {
    this.cancel()
    this.running = this.turns()
  }

  private async turns(): Promise<void> {
    this.busy = true
    do {
      this.askedMs = Infinity
      try {
        await this.work.run()
      } catch (error) {
        // What was asked for meanwhile would meet the same fault.
        this.askedMs = Infinity
        this.work.failed(error)
      }
    } while (this.askedMs <= 0 && !this.stopped)
    this.busy = false
    this.later(this.pauseMs())
  }

  private pauseMs(): number {
    const { everyMs } = this.work
    return typeof everyMs === 'number' ? everyMs : everyMs()
  }
}
