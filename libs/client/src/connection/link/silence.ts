import type { Clock, Timer } from '../../clock.js'

export interface SilenceOptions {
  clock: Clock
  limitMs: number
  /** Total bytes received. */
  received: () => number
  onSilence: () => void
}

/** This many bytes within one limit are a large frame on a slow line; pings of a proxy are far smaller. */
const PROGRESS_BYTES = 4 * 1024
/** A timer this late means that the process was busy or stopped: data received meanwhile are still in the socket. */
const LATE_MS = 500
const CATCH_UP_MS = 250

/** Detects that nothing was received for too long. */
export class Silence {
  private timer: Timer | undefined

  constructor(private readonly options: SilenceOptions) {}

  /** Restarts the limit: data arrived, or are expected within `limitMs`. */
  watch(limitMs = this.options.limitMs): void {
    this.stop()
    const { clock, received } = this.options
    this.wait(limitMs, clock.elapsed() + limitMs, received())
  }

  stop(): void {
    this.timer?.cancel()
  }

  private wait(ms: number, dueAt: number, before: number): void {
    this.timer = this.options.clock.after(ms, () => this.due(dueAt, before))
  }

  private due(dueAt: number, before: number): void {
    const { clock, received, onSilence } = this.options
    if (received() - before >= PROGRESS_BYTES) return this.watch()
    if (clock.elapsed() - dueAt > LATE_MS) return this.wait(CATCH_UP_MS, clock.elapsed() + CATCH_UP_MS, before)
    onSilence()
  }
}
