import { outliveListeners } from './outlive-listeners.js'

/**
 * Waits for the signal that stops a serving process: resolves at the first SIGINT or SIGTERM with its name; a second SIGINT ends the
 * process at once. Until then uncaught errors of listeners do not end it.
 */
export function signalled(): Promise<'SIGINT' | 'SIGTERM'> {
  outliveListeners(process, { write: (line) => void process.stderr.write(line), exit: (code) => process.exit(code), now: Date.now })
  return new Promise((resolve) => {
    const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
      process.once('SIGINT', () => process.exit(130))
      resolve(signal)
    }
    process.once('SIGINT', () => stop('SIGINT'))
    process.once('SIGTERM', () => stop('SIGTERM'))
  })
}
