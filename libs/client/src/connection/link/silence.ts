import type { Clock, Timer } from '../../clock.js'

export interface SilenceOptions {
  clock: Clock
  limitMs: number
  /** Returns the total bytes received. */
  received: () => number
  onSilence: (limitMs: number) => void
}

/** Number of bytes within one limit that show a large frame on a slow line; pings of a proxy are far smaller. */
const PROGRESS_BYTES = 4 * 1024
/** Delay in ms of the timer that shows that the process was busy or suspended, so that received data may still be unread in the socket. */
const LATE_MS = 500
const CATCH_UP_MS = 250

/** Calls `onSilence` when no frame arrived within the limit, unless a large frame is being received. */
export class Silence {
  private timer: Timer | undefined
  private limitMs = 0

  constructor(private readonly options: SilenceOptions) {}

  /** Restarts the limit, after a frame or when one is expected within `limitMs`. */
  watch(limitMs = this.options.limitMs): void {
    this.stop()
    this.limitMs = limitMs
    const { clock, received } = this.options
    this.wait(limitMs, clock.elapsed() + limitMs, received())
  }

  stop(): void {
    this.timer?.cancel()
  }

  private wait(ms: number, dueAt: number, bytesBefore: number): void {
    this.timer = this.options.clock.after(ms, () => this.due(dueAt, bytesBefore))
  }

  private due(dueAt: number, bytesBefore: number): void {
    const { clock, received, onSilence } = this.options
    if (received() - bytesBefore >= PROGRESS_BYTES) return this.watch()
    if (clock.elapsed() - dueAt > LATE_MS) return this.wait(CATCH_UP_MS, clock.elapsed() + CATCH_UP_MS, bytesBefore)
    onSilence(this.limitMs)
  }
}
