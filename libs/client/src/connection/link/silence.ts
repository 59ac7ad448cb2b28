import type { Clock, Timer } from '../../clock.js'

export interface SilenceOptions {
  clock: Clock
  limitMs: number
  /** Bytes that have come so far. */
  received: () => number
  onSilence: () => void
}

/** So much in one limit is a large frame on a slow line; pings of a proxy are far less. */
const PROGRESS_BYTES = 4 * 1024
/** A timer that is later than this says that this process was busy or stopped: what came meanwhile still waits in the socket. */
const LATE_MS = 500
const CATCH_UP_MS = 250

/** Notices when nothing has come for too long. */
export class Silence {
  private timer: Timer | undefined

  constructor(private readonly options: SilenceOptions) {}

  /** Something came, or is expected from now on: within `limitMs`, where that is not the usual limit. */
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
