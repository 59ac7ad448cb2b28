import type { FastifyInstance } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { heeded } from './front-door.js'

/** Paths that pages of other sites may use: values, by OFREP only. */
const OPEN_PATH = /^\/ofrep\//
const PREFLIGHT_SECONDS = 600
const ALLOWED_METHODS = 'GET, POST'
const ALLOWED_HEADERS = 'authorization, cache-control, content-type, if-none-match, last-event-id, x-api-key'
const EXPOSED_HEADERS = 'etag, retry-after'

/** Whether a page of a configured origin requests an open path. Origins are compared completely: scheme, host and port. */
export function isNamedOrigin({ url = '', headers }: { url?: string; headers: IncomingHttpHeaders }, named: readonly string[]): boolean {
  return headers.origin !== undefined && OPEN_PATH.test(url) && named.includes(headers.origin.toLowerCase())
}

/** Returns the CORS headers that let a browser pass the response to such a page; `undefined` for any other request. */
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
export function openToOrigins(server: FastifyInstance, named: readonly string[]): void {
  if (named.length === 0) return
  heeded(server).addHook('onRequest', (request, reply, done) => {
    const said = crossOriginHeaders(request.raw, named)
    if (said === undefined) return done()
    // Also set on a response that bypasses the reply, such as a stream of events.
    for (const [name, value] of Object.entries(said.headers)) reply.raw.setHeader(name, value)
    if (!said.preflight) return done()
    void reply.status(204).send()
  })
}
