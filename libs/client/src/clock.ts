export interface Timer {
  cancel(): void
}

/** Time as the connection sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds that have passed since some moment, whatever is done to the wall clock. */
  elapsed(): number
  /** Runs `task` once. Its timer never keeps a process alive. */
  after(ms: number, task: () => void): Timer
}

/** `setTimeout` fires at once beyond 2^31−1 ms. */
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
