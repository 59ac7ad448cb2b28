import { HmsError } from '#libs/contracts'
import { isForeignHost, isForeignOrigin, isNamedOrigin, refusalOfExpectation, refusalOfHost } from '#libs/platform'
import type { IncomingMessage } from 'node:http'

/** Paths that read with a request body. */
const EVALUATE = /^\/ofrep\/v1\/evaluate\/flags(?:[/?]|$)/

export function isEvaluation({ url = '' }: IncomingMessage): boolean {
  return EVALUATE.test(url)
}

/**
 * Returns the refusal of a request before any route. `overTcp`: a client of a socket file is authenticated by the file's mode, and its Host
 * means nothing. `origins`: origins of pages that may use OFREP.
 */
export function refusalOf(request: IncomingMessage, overTcp: boolean, origins: readonly string[]): HmsError | undefined {
  const { method, headers } = request
  const isForeignPage = isForeignOrigin(headers.origin, headers.host) && !isNamedOrigin(request, origins)
  if (overTcp && (isForeignHost(headers.host) || isForeignPage)) {
    return new HmsError('HMS_SIDECAR_HOST', 'The side-car answers to names and pages of loopback only, such as 127.0.0.1 or localhost.', {
      status: 403,
    })
  }
  const refused = refusalOfHost(request) ?? refusalOfExpectation(request)
  if (refused !== undefined) return refused
  if (isEvaluation(request)) {
    if (method === 'POST') return undefined
    return new HmsError('HMS_HTTP_METHOD', `An evaluation is asked for with POST, not ${method}.`, { status: 405 })
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return new HmsError('HMS_HTTP_METHOD', `The side-car is for reading: GET and HEAD, not ${method}.`, { status: 405 })
  }
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
    return new HmsError('HMS_HTTP_BODY_TOO_LARGE', 'The side-car takes no body.', { status: 413 })
  }
  return undefined
}
