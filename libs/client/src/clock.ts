export interface Timer {
  cancel(): void
}

/** Time source of the connection; tests provide their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Monotonic milliseconds, independent of the wall clock. */
  elapsed(): number
  /** Runs `task` once after `ms`. Its timer does not keep the process alive. */
  after(ms: number, task: () => void): Timer
}

/** `setTimeout` fires immediately above 2^31−1 ms. */
const LONGEST_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, Math.min(Math.max(ms, 0), LONGEST_MS))
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
