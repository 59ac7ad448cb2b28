import { timerMs } from './timers.js'

/**
 * Awaits a promise, or throws `late()` after `ms`. The timer keeps the process alive until then: a caller must get a result, although
 * neither our sockets nor our other timers hold the process.
 */
export async function withDeadline<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), timerMs(ms))
  })
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(timer)
  }
}
