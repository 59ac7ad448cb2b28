import { HmsError } from '#libs/contracts'
import { isForeignHost, isForeignOrigin } from '#libs/platform'
import type { IncomingMessage } from 'node:http'

/** What no route should see. `overTcp`: who connects to a socket file has shown by its mode who he is, and its Host means nothing. */
export function refusalOf({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>, overTcp: boolean): HmsError | undefined {
  if (overTcp && (isForeignHost(headers.host) || isForeignOrigin(headers.origin, headers.host))) {
    return new HmsError('HMS_SIDECAR_HOST', 'The side-car answers to names and pages of loopback only, such as 127.0.0.1 or localhost.', { status: 403 })
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return new HmsError('HMS_HTTP_METHOD', `The side-car is for reading: GET and HEAD, not ${method}.`, { status: 405 })
  }
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
    return new HmsError('HMS_HTTP_BODY_TOO_LARGE', 'The side-car takes no body.', { status: 413 })
  }
  return undefined
}
