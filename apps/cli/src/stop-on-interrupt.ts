import type { CliIo } from './io.js'

interface InterruptStop {
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal
  /** Waits `ms`. Ends early on Ctrl-C, and then resolves to `false`. */
  wait(ms: number): Promise<boolean>
  /** Restores the default effect of Ctrl-C. */
  end(): void
}

/** Handles Ctrl-C for verbs that run until a person presses it. With `orClosed`, a closed output has the same effect. */
export function stopOnInterrupt(io: CliIo, orClosed = false): InterruptStop {
  const interrupt = new AbortController()
  const { signal } = interrupt
  let wake: () => void = () => {}
  const end = io.onInterrupt(() => {
    interrupt.abort()
    wake()
  }, orClosed)
  const wait = async (ms: number): Promise<boolean> => {
    if (signal.aborted) return false
    await new Promise<void>((resolve) => {
      const stop = io.every(ms, () => wake())
      wake = () => {
        stop()
        resolve()
      }
    })
    return !signal.aborted
  }
  return { signal, wait, end }
}
