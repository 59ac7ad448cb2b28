import type { Clock } from './clock.js'

export interface RepeatedWork {
  /** Between the end of one time and the begin of the next. */
  everyMs: number | (() => number)
  run(): unknown
  /** What `run` throws ends nothing: it is told here, and the next time comes. */
  failed(error: unknown): void
}

/** Does something again and again by a clock, never twice at once. For what may be lost with the process. */
export class Repeat {
  private stopped = true
  private cancelNext = (): void => {}
  private running: Promise<void> = Promise.resolve()

  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    private readonly work: RepeatedWork,
  ) {}

  start(firstAfterMs = this.pauseMs()): void {
    this.stopped = false
    this.later(firstAfterMs)
  }

  /** No other time begins; resolves when one that runs has ended. */
  async stop(): Promise<void> {
    this.stopped = true
    this.cancelNext()
    await this.running
  }

  private later(delayMs: number): void {
    if (this.stopped) return
    this.cancelNext = this.clock.after(delayMs, () => {
      this.running = this.once()
    })
  }

  private async once(): Promise<void> {
    try {
      await this.work.run()
    } catch (error) {
      this.work.failed(error)
    }
    this.later(this.pauseMs())
  }

  private pauseMs(): number {
    const { everyMs } = this.work
    return typeof everyMs === 'number' ? everyMs : everyMs()
  }
}
