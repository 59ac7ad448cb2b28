import { outliveListeners } from './outlive-listeners.js'

/**
 * What every process does that serves until it is told to stop: resolves at the first SIGINT or SIGTERM, and names it; a second SIGINT
 * ends the process at once. Until then nothing that a listener throws ends it.
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
