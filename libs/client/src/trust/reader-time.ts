import type { Clock } from '../clock.js'
import { isFarAhead } from '#libs/signing'

/**
 * A reader's time: the newest time that rollout signed, and what has passed since by the monotonic clock. The wall clock, which anyone
 * who owns the machine can set, counts before first contact only, and not behind what was signed before a restart. It runs backwards only
 * when what was signed turns out to have been far ahead.
 */
export class ReaderTime implements Clock {
  private signed: { ms: number; elapsed: number } | undefined
  private earliest: { ms: number; elapsed: number } | undefined

  constructor(private readonly clock: Clock) {}

  /** `ms` since 1970 as a verified statement says it, which was judged by `timeFor`. An older one than is known changes nothing. */
  witness(ms: number): void {
    if (this.signed === undefined || ms > this.now() || this.timeFor(ms) !== this.now()) this.signed = this.mark(ms)
  }

  /**
   * By which time a statement that says `ms` is judged: this reader's own. Where that is far ahead of the wall clock, and the statement
   * is not, two clocks speak against what was signed before.
   */
  timeFor(ms: number): number {
    const [own, wall] = [this.now(), this.clock.now()]
    return isFarAhead(at(own), wall) && !isFarAhead(at(ms), wall) ? wall : own
  }

  /** For the next process; `null` before first contact. */
  remembered(): number | null {
    return this.signed === undefined ? null : this.now()
  }

  /** What an earlier process remembered: it is later by now. */
  restore(ms: number | null): void {
    if (ms !== null) this.earliest = this.mark(ms)
  }

  now(): number {
    if (this.signed !== undefined) return this.since(this.signed)
    return this.earliest === undefined ? this.clock.now() : Math.max(this.clock.now(), this.since(this.earliest))
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
