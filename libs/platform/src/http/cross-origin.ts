import type { FastifyInstance } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { heeded } from './front-door.js'

/** What pages of other sites may ask for: values, by OFREP alone. */
const OPEN_PATH = /^\/ofrep\//
const PREFLIGHT_SECONDS = 600
const ALLOWED_METHODS = 'GET, POST'
const ALLOWED_HEADERS = 'authorization, cache-control, content-type, if-none-match, last-event-id, x-api-key'
const EXPOSED_HEADERS = 'etag, retry-after'

/** Whether a page of a named origin asks for what such pages may. Origins are compared whole: scheme, host and port. */
export function isNamedOrigin({ url = '', headers }: { url?: string; headers: IncomingHttpHeaders }, named: readonly string[]): boolean {
  return headers.origin !== undefined && OPEN_PATH.test(url) && named.includes(headers.origin.toLowerCase())
}

/** What a browser has to be told before it lets such a page read the answer; `undefined` for anybody else. */
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

/** Lets pages of these origins ask by OFREP, which a browser asks for with `OPTIONS` before. Before foreign requests are refused. */
export function openToOrigins(server: FastifyInstance, named: readonly string[]): void {
  if (named.length === 0) return
  heeded(server).addHook('onRequest', (request, reply, done) => {
    const said = crossOriginHeaders(request.raw, named)
    if (said === undefined) return done()
    // Also on an answer that takes the reply over, such as a stream of events.
    for (const [name, value] of Object.entries(said.headers)) reply.raw.setHeader(name, value)
    if (!said.preflight) return done()
    void reply.status(204).send()
  })
}
