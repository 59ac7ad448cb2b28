import { HmsError } from '#libs/contracts'
import { isForeignHost, isForeignOrigin, refusalOfExpectation, refusalOfHost } from '#libs/platform'
import type { IncomingMessage } from 'node:http'

/** What no route should see. `overTcp`: who connects to a socket file has shown by its mode who they are, and its Host means nothing. */
export function refusalOf(request: IncomingMessage, overTcp: boolean): HmsError | undefined {
  const { method, headers } = request
  if (overTcp && (isForeignHost(headers.host) || isForeignOrigin(headers.origin, headers.host))) {
    return new HmsError('HMS_SIDECAR_HOST', 'The side-car answers to names and pages of loopback only, such as 127.0.0.1 or localhost.', {
      status: 403,
    })
  }
  const refused = refusalOfHost(request) ?? refusalOfExpectation(request)
  if (refused !== undefined) return refused
  if (method !== 'GET' && method !== 'HEAD') {
    return new HmsError('HMS_HTTP_METHOD', `The side-car is for reading: GET and HEAD, not ${method}.`, { status: 405 })
  }
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
    return new HmsError('HMS_HTTP_BODY_TOO_LARGE', 'The side-car takes no body.', { status: 413 })
  }
  return undefined
}
