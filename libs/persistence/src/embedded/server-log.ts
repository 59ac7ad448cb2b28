import { openSync, readFileSync, renameSync, statSync, truncateSync } from 'node:fs'

const LOG_LIMIT_BYTES = 4 * 1024 * 1024
const CHECK_EVERY_MS = 60_000

/** Opens the server's log for appending; a log over the limit becomes `<file>.1` first. @returns its descriptor */
export function openServerLog(file: string): number {
  if (sizeOf(file) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}

/**
 * Truncates the log when it exceeds the limit; the server appends, so it continues at the new end. @returns a function that stops watching
 */
export function keepBounded(file: string): () => void {
  const timer = setInterval(() => {
    if (sizeOf(file) > LOG_LIMIT_BYTES) truncateSync(file)
  }, CHECK_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Returns the last lines since byte `from`, at most `count`. */
export function lastLines(file: string, from: number, count = 8): string[] {
  const text = readFileSync(file).subarray(from).toString('utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
}

export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
