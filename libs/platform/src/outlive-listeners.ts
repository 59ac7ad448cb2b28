const A_MINUTE_MS = 60_000
/** A process that throws all the time is broken, and its supervisor must start it again. */
const MAX_A_MINUTE = 100

export interface ThrowingProcess {
  on(event: 'uncaughtException', listener: (error: unknown) => void): unknown
}

export interface OutliveOptions {
  write(line: string): void
  exit(code: number): void
  now(): number
}

/**
 * What a listener or a forgotten promise throws is written as an error line, and the process goes on: all its work is rows, and starts
 * again from them (ADR 0043).
 */
export function outliveListeners(from: ThrowingProcess, { write, exit, now }: OutliveOptions): void {
  let times: number[] = []
  from.on('uncaughtException', (error) => {
    times = [...times.filter((time) => time > now() - A_MINUTE_MS), now()]
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const line = { level: 'error', time: new Date(now()).toISOString(), error: text, msg: 'a listener threw; the process goes on' }
    write(`${JSON.stringify(line)}\n`)
    if (times.length > MAX_A_MINUTE) exit(1)
  })
}
