import { HmsError } from '#libs/contracts'
import type { IncomingMessage } from 'node:http'

/** The names that only this machine answers to. A page of a foreign name that points here (DNS rebinding) sends its own. */
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i

/** What no route should see. `overTcp`: who connects to a socket file has shown by its mode who he is, and its Host means nothing. */
export function refusalOf({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>, overTcp: boolean): HmsError | undefined {
  if (overTcp && !LOOPBACK_HOST.test(headers.host ?? '')) {
    return new HmsError('HMS_SIDECAR_HOST', 'The side-car answers to names of loopback only, such as 127.0.0.1 or localhost.', { status: 403 })
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return new HmsError('HMS_HTTP_METHOD', `The side-car is for reading: GET and HEAD, not ${method}.`, { status: 405 })
  }
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
    return new HmsError('HMS_HTTP_BODY_TOO_LARGE', 'The side-car takes no body.', { status: 413 })
  }
  return undefined
}
