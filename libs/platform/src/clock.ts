import { outsideTrace } from './trace.js'

/** Time source. Its delays are lost with the process; deadlines that must survive a crash are timer rows. */
export abstract class Clock {
  abstract now(): Date
  /** Monotonic milliseconds within this process, independent of the wall clock. */
  abstract elapsedMs(): number
  /** Calls `action` once after `delayMs`; the returned function cancels it. Does not keep the process alive. */
  abstract after(delayMs: number, action: () => void): () => void
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  after(delayMs, action) {
    const timer = outsideTrace(() => setTimeout(action, delayMs))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Waits on a clock, to back off after a transient fault. Not in pure code. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve)
  })
}

/** Polls every `everyMs` until the condition holds; returns `false` if it does not within `withinMs`. Not in pure code. */
export async function pollUntil(
  clock: Clock,
  { everyMs, withinMs }: { everyMs: number; withinMs: number },
  isSo: () => Promise<boolean>,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += everyMs) {
    if (await isSo()) return true
    await pause(clock, everyMs)
  }
  return false
}

/** Pauses in ms after the first, second, … consecutive failure; the last one repeats. */
export const BACK_OFF_MS: readonly number[] = [50, 100, 250, 500, 1_000, 2_000]

/** Returns the wait after this many consecutive failures (1 is the first), at most `mostMs`. */
export function backOffMs(failures: number, mostMs = Infinity): number {
  return Math.min(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length) - 1]!, mostMs)
}
