import { EDGE_PORT } from '#libs/contracts'
import { usageError } from '../errors.js'

/** `--port`, else HMS_PORT, else 7184. */
export function parsePort(flag: string | undefined, variable: string | undefined): number {
  const text = flag ?? variable
  if (text === undefined) return EDGE_PORT
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 1 && port <= 65_535) return port
  throw usageError(`${flag === undefined ? 'HMS_PORT' : '--port'} must be a port from 1 to 65535, not ${text}`)
}
