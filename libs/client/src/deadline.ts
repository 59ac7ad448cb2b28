import type { Clock } from './clock.js'
import { timerMs } from './timers.js'

/**
 * Awaits a promise, or throws `late()` after `ms`. The timer keeps the process alive until then, unless `after` is given: a caller must
 * get a result, although neither our sockets nor our other timers hold the process.
 */
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
