import type { Clock } from '../clock.js'
import { isFarAhead } from '#libs/signing'

/** A reader's time: the newest time signed by rollout plus the monotonic time since then; before the first contact, the wall clock. */
export class ReaderTime implements Clock {
  private signed: { ms: number; elapsed: number } | undefined
  private earliest = { ms: Number.NEGATIVE_INFINITY, elapsed: 0 }

  constructor(private readonly clock: Clock) {}

  /** Applies the time of a verified statement that was judged by `timeFor`, in epoch milliseconds. An older time changes nothing. */
  recordSigned(ms: number): void {
    // Read once: the monotonic clock moves between two reads.
    const own = this.now()
    const isDisproved = this.timeFor(ms, own) !== own
    const floor = this.signed === undefined && !isDisproved ? this.since(this.earliest) : ms
    if (this.signed === undefined || ms > own || isDisproved) this.signed = this.mark(Math.max(ms, floor)) // guard: signed-time
  }

  /** Returns the time to judge a statement of `ms` by: the reader's, or the wall clock if it and `ms` contradict the reader's time. */
  timeFor(ms: number, own = this.now()): number {
    const wall = this.clock.now()
    return isFarAhead(at(own), wall) && !isFarAhead(at(ms), wall) ? wall : own
  }

  /** Returns the time to save for the next process; `null` before the first contact. */
  remembered(): number | null {
    return this.signed === undefined ? null : this.now()
  }

  /** Restores the time of an earlier process as a lower bound. */
  restore(ms: number | null): void {
    if (ms !== null) this.earliest = this.mark(ms)
  }

  now(): number {
    return this.signed === undefined ? Math.max(this.clock.now(), this.since(this.earliest)) : this.since(this.signed)
  }

  elapsed(): number {
    return this.clock.elapsed()
  }

  after(ms: number, task: () => void): { cancel(): void } {
    return this.clock.after(ms, task)
  }

  private mark(ms: number): { ms: number; elapsed: number } {
    return { ms, elapsed: this.clock.elapsed() }
  }

  private since({ ms, elapsed }: { ms: number; elapsed: number }): number {
    return ms + (this.clock.elapsed() - elapsed)
  }
}

function at(ms: number): string {
  return new Date(ms).toISOString()
}
