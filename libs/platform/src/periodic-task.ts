import type { Clock } from './clock.js'

export interface PeriodicWork {
  /** Pause between the end of a run and the start of the next; `Infinity`: only on `wake`. */
  everyMs: number | (() => number)
  run(): unknown
  /** Called with an error of `run`. The task continues: the next run follows after the pause, or earlier if this function calls `wake`. */
  failed(error: unknown): void
}

/** Runs a task periodically, and earlier on `wake`; never concurrently. For work that may be lost with the process. */
export class PeriodicTask {
  private stopped = true
  private busy = false
  /** Shortest delay requested by `wake` while no run could start. */
  private requestedMs = Infinity
  /** Start of the next run, in epoch milliseconds. */
  private dueAt = Infinity
  private cancelNext = (): void => {}
  private running: Promise<void> = Promise.resolve()

  constructor(
    private readonly clock: Clock,
    private readonly work: PeriodicWork,
  ) {}

  get idle(): boolean {
    return !this.busy
  }

  start(firstAfterMs = this.pauseMs()): void {
    this.stopped = false
    if (this.busy) this.wake(firstAfterMs)
    else this.schedule(firstAfterMs)
  }

  /** Requests a run within `withinMs`: by default at once, or when the active run has ended. */
  wake(withinMs = 0): void {
    if (this.busy || this.stopped) this.requestedMs = Math.min(this.requestedMs, withinMs)
    else if (withinMs <= 0) this.begin()
    else if (this.clock.now().getTime() + withinMs < this.dueAt) this.schedule(withinMs)
  }

  /** Stops further runs; resolves when an active one has ended. */
  async stop(): Promise<void> {
    this.stopped = true
    this.cancel()
    await this.running
  }

  private schedule(delayMs: number): void {
    const soonestMs = Math.min(delayMs, this.requestedMs)
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
    this.running = this.runLoop()
  }

  private async runLoop(): Promise<void> {
    this.busy = true
    do {
      this.requestedMs = Infinity
      try {
        await this.work.run()
      } catch (error) {
        // A run requested during the failed run would meet the same fault.
        this.requestedMs = Infinity
        this.work.failed(error)
      }
    } while (this.requestedMs <= 0 && !this.stopped)
    this.busy = false
    this.schedule(this.pauseMs())
  }

  private pauseMs(): number {
    const { everyMs } = this.work
    return typeof everyMs === 'number' ? everyMs : everyMs()
  }
}
