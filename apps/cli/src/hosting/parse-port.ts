import { EDGE_PORT } from '#libs/contracts'
import { usageError } from '../errors.js'

/** Returns `--port`, else HMS_PORT, else 7184. */
export function parsePort(flag: string | undefined, variable: string | undefined): number {
  const text = flag ?? variable
  return text === undefined ? EDGE_PORT : portOf(text, flag === undefined ? 'HMS_PORT' : '--port')
}

/** `name`: name of the port in errors. */
export function portOf(text: string, name: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 1 && port <= 65_535) return port
  throw usageError(`${name} must be a port from 1 to 65535, not ${text}`)
}
