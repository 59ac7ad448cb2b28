export interface Timer {
  cancel(): void
}

/** Time source of the connection; tests provide their own. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Monotonic milliseconds, independent of the wall clock. */
  elapsed(): number
  /** Runs `task` once after `ms`. The timer does not keep the process alive. */
  after(ms: number, task: () => void): Timer
}

/** Maximum delay of `setTimeout` in ms; with a longer delay the callback fires immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, Math.min(Math.max(ms, 0), MAX_TIMER_MS))
    // In a browser, a timer is a number without `unref`.
    ;(timer as { unref?(): void }).unref?.()
    return { cancel: () => clearTimeout(timer) }
  },
}

/** Converts a caller's duration into a timer's delay, limited to about 24 days. Throws `RangeError` for an invalid duration. */
export function timerMs(ms: number): number {
  if (Number.isNaN(ms) || ms < 0) throw new RangeError(`${ms} is not a valid wait time`)
  return Math.min(ms, MAX_TIMER_MS)
}

/** Awaits a promise, or throws `late()` after `ms`. The timer keeps the process alive; no socket here does. `after` replaces the timer. */
export async function withDeadline<T>(promise: Promise<T>, ms: number, late: () => Error, after = keepAlive): Promise<T> {
  let timer = { cancel() {} }
  const deadline = new Promise<never>((_resolve, reject) => (timer = after(timerMs(ms), () => reject(late()))))
  try {
    return await Promise.race([promise, deadline])
  } finally {
    timer.cancel()
  }
}

const keepAlive: Clock['after'] = (ms, task) => {
  const timer = setTimeout(task, ms)
  return { cancel: () => clearTimeout(timer) }
}
