/** Resolves with the first signal; a second SIGINT ends the process. From the call on, uncaught errors do not end the process. */
export function stopSignal(): Promise<'SIGINT' | 'SIGTERM'> {
  surviveUncaughtErrors(process, { write: (line) => void process.stderr.write(line), exit: (code) => process.exit(code), now: Date.now })
  return new Promise((resolve) => {
    const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
      process.once('SIGINT', () => process.exit(130))
      resolve(signal)
    }
    process.once('SIGINT', () => stop('SIGINT'))
    process.once('SIGTERM', () => stop('SIGTERM'))
  })
}

const MINUTE_MS = 60_000
/** Errors per minute above which the process counts as broken and exits, to be restarted by its supervisor. */
const MAX_PER_MINUTE = 100

/** Logs uncaught errors of listeners and promises; the process continues, because work is in rows and resumes from them (ADR 0043). */
export function surviveUncaughtErrors(
  from: { on(event: 'uncaughtException', listener: (error: unknown) => void): unknown },
  { write, exit, now }: { write(line: string): void; exit(code: number): void; now(): number },
): void {
  let times: number[] = []
  from.on('uncaughtException', (error) => {
    times = [...times.filter((time) => time > now() - MINUTE_MS), now()]
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const line = {
      level: 'error',
      time: new Date(now()).toISOString(),
      error: text,
      msg: 'a listener threw an uncaught error; the process continues',
    }
    write(`${JSON.stringify(line)}\n`)
    if (times.length > MAX_PER_MINUTE) exit(1)
  })
}
