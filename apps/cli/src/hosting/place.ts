import { EDGE_PORT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import type { DATA, FlagsOf, PORT } from '../verbs/options.js'

export type PlaceFlags = FlagsOf<typeof PORT & typeof DATA>

/** Returns port and data folder: from the flags, else from HMS_PORT and HMS_DATA_DIR, else 7184 and `.hms`. */
export function placeOf({ io }: CliContext, flags: PlaceFlags): { port: number; dataDir: string } {
  const text = flags.port ?? io.environment.port
  const port = text === undefined ? EDGE_PORT : portOf(text, flags.port === undefined ? 'HMS_PORT' : '--port')
  return { port, dataDir: flags.data ?? io.environment.dataDir }
}

/** Parses a port. `name`: name of the flag or variable, for the error. */
export function portOf(text: string, name: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 1 && port <= 65_535) return port
  throw usageError(`${name} must be a port from 1 to 65535, not ${text}`)
}

/** Returns the address of a server that listens on `host`; of all interfaces, the loopback one. */
export function urlOf(host: string, port: number): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}
