import { action, HmsError } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { fastPathSafe } from './fast-path.js'

/** Paths that pages of other sites may use: only OFREP, for values. */
const OPEN_PATH = /^\/ofrep\//
const PREFLIGHT_SECONDS = 600
const ALLOWED_METHODS = 'GET, POST'
const ALLOWED_HEADERS = 'authorization, cache-control, content-type, if-none-match, last-event-id, x-api-key'
const EXPOSED_HEADERS = 'etag, retry-after'

/** Whether a page of a configured origin requests an open path. Origins are compared completely: scheme, host and port. */
export function isNamedOrigin({ url = '', headers }: { url?: string; headers: IncomingHttpHeaders }, named: readonly string[]): boolean {
  return headers.origin !== undefined && OPEN_PATH.test(url) && named.includes(headers.origin.toLowerCase()) // guard: cross-origin-named
}

/** Returns the CORS headers that let a page of a configured origin read the response; `undefined` for any other request. */
export function crossOriginHeaders(
  { method = '', url, headers }: { method?: string; url?: string; headers: IncomingHttpHeaders },
  named: readonly string[],
): { preflight: boolean; headers: Record<string, string> } | undefined {
  if (!isNamedOrigin({ url, headers }, named)) return undefined
  const allowed = { 'access-control-allow-origin': headers.origin!, vary: 'Origin', 'access-control-expose-headers': EXPOSED_HEADERS }
  if (method !== 'OPTIONS') return { preflight: false, headers: allowed }
  const more = {
    'access-control-allow-methods': ALLOWED_METHODS,
    'access-control-allow-headers': ALLOWED_HEADERS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
  }
  return { preflight: true, headers: { ...allowed, ...more } }
}

/** Lets pages of these origins use OFREP, including the browser's preflight `OPTIONS`. Register it before foreign requests are refused. */
export function allowOrigins(server: FastifyInstance, named: readonly string[]): void {
  if (named.length === 0) return
  fastPathSafe(server).addHook('onRequest', (request, reply, done) => {
    const cors = crossOriginHeaders(request.raw, named)
    if (cors === undefined) return done()
    // Also set on a response that bypasses the reply, such as a stream of events.
    for (const [name, value] of Object.entries(cors.headers)) reply.raw.setHeader(name, value)
    if (!cors.preflight) return done()
    void reply.status(204).send()
  })
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i
export const LOOPBACK_ADDRESS = /^(::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/

/** Whether `Host` names another site, as after DNS rebinding. `ownName` is permitted besides the loopback names. */
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

/** Whether a request may come from another site's page. Beyond loopback any `Host` is accepted, because a network defines the names. */
export function isForeignRequest(
  { headers, socket }: { headers: IncomingHttpHeaders; socket: { localAddress?: string } },
  ownName?: string,
): boolean {
  // A socket that is already closed has no address.
  const overLoopback = socket.localAddress === undefined || LOOPBACK_ADDRESS.test(socket.localAddress)
  // guards: foreign-host, foreign-origin
  return (overLoopback && isForeignHost(headers.host, ownName)) || isForeignOrigin(headers.origin, headers.host)
}

export function foreignRefused(): HmsError {
  return new HmsError(
    'HMS_HTTP_FOREIGN',
    'The Host or Origin of the request is of another site. With profile dev this server accepts requests of its own machine only.',
    { status: 403, next: [action('help.environment')] },
  )
}

/** Refuses foreign requests before any route, and before a body is read. `origins`: origins of the pages that may use OFREP. */
export function refuseForeignRequests(server: FastifyInstance, ownName: string, origins: readonly string[] = []): void {
  fastPathSafe(server).addHook('onRequest', (request, _reply, done) => {
    const { headers, socket } = request.raw
    const checked = isNamedOrigin(request.raw, origins) ? { headers: { ...headers, origin: undefined }, socket } : request.raw
    done(isForeignRequest(checked, ownName) ? foreignRefused() : undefined)
  })
}
