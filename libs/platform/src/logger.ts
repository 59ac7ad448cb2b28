import { pino, type Logger as PinoLogger } from 'pino'
import { currentTraceparent, traceIdOf } from './trace.js'

/** Writes one JSON line per outcome. Never payloads, never secrets. */
export abstract class Logger {
  abstract info(fields: Record<string, unknown>, message: string): void
  abstract warn(fields: Record<string, unknown>, message: string): void
  abstract error(fields: Record<string, unknown>, message: string): void
  abstract debug(fields: Record<string, unknown>, message: string): void
  abstract child(fields: Record<string, unknown>): Logger
}

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

/** Logs go to stderr: stdout is for data. */
export function createLogger(level: LogLevel, fields: Record<string, unknown> = {}): Logger {
  const root: PinoLogger = pino(
    {
      level,
      base: fields,
      mixin: traceFields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: ['secret', 'passphrase', 'authorization', '*.secret', '*.passphrase', '*.authorization'],
    },
    pino.destination({ dest: 2, sync: true }),
  )
  return root
}

/** Returns the trace id of the current trace; a line with its own trace id keeps it. */
function traceFields(): { traceId?: string } {
  const traceparent = currentTraceparent()
  return traceparent === undefined ? {} : { traceId: traceIdOf(traceparent) }
}

export const silentLogger = {
  info: () => {},
  warn: () => {},
  error: () => {},
  debug: () => {},
  child: (): Logger => silentLogger,
} satisfies Logger
