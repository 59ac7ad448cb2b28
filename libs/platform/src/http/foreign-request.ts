import { action, HmsError } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { isNamedOrigin } from './cross-origin.js'
import { heeded } from './front-door.js'

/** Host names of the local machine only. */
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i
const LOOPBACK_ADDRESS = /^(::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/

/** Checked part of a request, including an upgrade to WebSocket. */
export interface ReceivedRequest {
  headers: IncomingHttpHeaders
  socket: { localAddress?: string }
}

/**
 * Whether `Host` names another site: a page whose name was rebound to this address (DNS rebinding) sends its own. `ownName` is permitted
 * besides the loopback names.
 */
export function isForeignHost(host: string | undefined, ownName?: string): boolean {
  if (host === undefined) return true
  return !LOOPBACK_HOST.test(host) && host.replace(/:\d{1,5}$/, '').toLowerCase() !== ownName?.toLowerCase()
}

/** Whether the requesting page is of another site than the requested host. Programs send no `Origin`; a sandboxed page sends `null`. */
export function isForeignOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return false
  const page = /^https?:\/\/([^/?#\\@]+)$/i.exec(origin)?.[1]
  return page === undefined || (!LOOPBACK_HOST.test(page) && page.toLowerCase() !== host?.toLowerCase())
}

/**
 * Whether a request to a server that trusts its own machine may come from a page of another site. On an address other than loopback any
 * `Host` is accepted: `HMS_HOST` then exposes the server to a network, which defines the names.
 */
export function isForeignRequest({ headers, socket }: ReceivedRequest, ownName?: string): boolean {
  // A socket that is already closed has no address.
  const overLoopback = socket.localAddress === undefined || LOOPBACK_ADDRESS.test(socket.localAddress)
  return (overLoopback && isForeignHost(headers.host, ownName)) || isForeignOrigin(headers.origin, headers.host)
}

export function foreignRefused(): HmsError {
  return new HmsError(
    'HMS_HTTP_FOREIGN',
    'The Host or Origin of the request is of another site. With profile dev this server answers its own machine only.',
    { status: 403, next: [action('help.environment')] },
  )
}

/** Refuses foreign requests before any route, and before a body is read. `origins`: of pages that may use OFREP. */
export function refuseForeignRequests(server: FastifyInstance, ownName: string, origins: readonly string[] = []): void {
  heeded(server).addHook('onRequest', (request, _reply, done) => {
    const { headers, socket } = request.raw
    const judged = isNamedOrigin(request.raw, origins) ? { headers: { ...headers, origin: undefined }, socket } : request.raw
    done(isForeignRequest(judged, ownName) ? foreignRefused() : undefined)
  })
}
