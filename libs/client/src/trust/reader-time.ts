import type { Clock } from '../connection/clock.js'

/**
 * A reader's time: the newest time that rollout signed, and what has passed since by the monotonic clock. The wall clock, which whoever owns
 * the machine can set, counts before first contact only. It never runs backwards.
 */
export class ReaderTime implements Clock {
  private signed: { ms: number; elapsed: number } | undefined

  constructor(private readonly clock: Clock) {}

  /** `ms` since 1970 as a verified statement says it. An older one than is known changes nothing. */
  witness(ms: number): void {
    if (this.signed === undefined || ms > this.now()) this.signed = { ms, elapsed: this.clock.elapsed() }
  }

  now(): number {
    return this.signed === undefined ? this.clock.now() : this.signed.ms + (this.clock.elapsed() - this.signed.elapsed)
  }

  elapsed(): number {
    return this.clock.elapsed()
  }

  after(ms: number, task: () => void): { cancel(): void } {
    return this.clock.after(ms, task)
  }
}
