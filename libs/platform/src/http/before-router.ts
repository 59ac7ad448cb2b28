import { HmsError } from '#libs/contracts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from '../logger.js'
import type { Route } from './open-api.js'
import { refusalOfExpectation, refusalOfHost } from './request-head.js'
import { sendProblem, toProblem } from './problem.js'
import { fastPathSafe } from './fast-path.js'

const HEADERS_TIMEOUT_MS = 10_000
const CHECK_INTERVAL_MS = 5_000

/** Options of every Fastify server: errors before routing are sent like all others, and a slow request head closes the connection. */
export function httpOptions(log: Logger) {
  return {
    // Fastify's own compilers of JSON Schema take 1.5 MB. No route has a schema.
    schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
    // `refusalOfHost` sends a problem; Node would send an empty body.
    http: { requireHostHeader: false, headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CHECK_INTERVAL_MS },
    // guard: early-problem
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => sendProblem(reply, toProblem(error, request, log)),
    clientErrorHandler: (error: Error, socket: Duplex) => respondToClientError(error, socket, log),
    forceCloseConnections: true,
    keepAliveTimeout: 5_000,
  }
}

function noSchema(): never {
  throw new Error('routes have no schemas')
}

/** Handles `clientError`: bytes that are no request, or a request too large or too slow. The connection closes after the response. */
export function respondToClientError(
  error: Error & { code?: string },
  socket: Duplex & { _httpMessage?: ServerResponse | null },
  log: Logger,
): void {
  // Bytes after a request whose response closes the connection. The response is being sent, and Node closes after it.
  if (error.code === 'HPE_CLOSED_CONNECTION') return // guard: one-answer
  // Node itself checks `_httpMessage` to see whether a response has begun on this connection, such as a stream of events.
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent === true) return void socket.destroy()
  const problem = toProblem(refusalOf(error.code), { method: '', url: '' }, log)
  const { status } = problem
  const body = JSON.stringify(problem)
  const headers = ['content-type: application/problem+json', `content-length: ${Buffer.byteLength(body)}`, 'connection: close']
  // A peer that does not close its side must not keep the descriptor.
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function refusalOf(code: string | undefined): HmsError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new HmsError('HMS_HTTP_HEADERS_TOO_LARGE', 'The headers of the request are larger than this server accepts.', { status: 431 })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new HmsError('HMS_HTTP_TIMEOUT', 'The request did not arrive completely in time.', { status: 408, retryable: true })
  return new HmsError('HMS_HTTP_BAD_REQUEST', `The bytes are not a valid HTTP request (${code ?? 'unknown'}).`, { status: 400 })
}

/** Configuration of a catch-all route that serves no path itself: it forwards requests, or shows that there is no page. */
export const SERVES_NO_PATH = { servesNoPath: true }

/**
 * Validates request heads: one host, known expectation, no NUL (400); `Allow` for OPTIONS, and with 405 for a method that the path does not
 * take. `documented`: routes of the servers to which this one forwards. Register it first.
 */
export function validateRequestHeads(server: FastifyInstance, documented: readonly Route[] = []): void {
  const routes = documented.map(({ method, url }) => ({ path: pathOf(url), method }))
  const servesNoPath = (config: unknown): boolean => (config as Partial<typeof SERVES_NO_PATH> | undefined)?.servesNoPath === true
  fastPathSafe(server).addHook('onRoute', ({ url, method, config }) => {
    if (servesNoPath(config)) return
    for (const each of [method].flat()) routes.push({ path: pathOf(url), method: each })
  })
  // Node would respond by itself, with an empty body.
  server.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.server.emit('request', request, response),
  )
  fastPathSafe(server).addHook('onRequest', (request, reply, done) => {
    const path = request.url.split('?')[0]!
    const refused = refusalOfHost(request.raw) ?? refusalOfExpectation(request.raw) // guards: one-host, unknown-expectation
    if (refused !== undefined) return done(refused)
    // PostgreSQL cannot store NUL, in any parameter.
    // guard: address-nul
    if (/%00/.test(request.url)) return done(new HmsError('HMS_HTTP_BAD_REQUEST', 'The URL contains a NUL.', { status: 400 }))
    const isServed = !request.is404 && !(request.routeOptions.url === '/*' && servesNoPath(request.routeOptions.config))
    const allowed = isServed ? [] : routes.filter((route) => route.path.test(path)).map(({ method }) => method)
    if (allowed.length === 0) return done() // guard: method-allowed
    const list = [...new Set([...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].toSorted().join(', ')
    void reply.header('allow', list)
    // A preflight of a page whose origin is not permitted is refused.
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] === undefined) return void reply.status(204).send()
    done(new HmsError('HMS_HTTP_METHOD', `${path} allows ${list}, not ${request.method}.`, { status: 405 }))
  })
}

/** Converts a route pattern: `:name` matches one path segment, `*` any number of them. */
function pathOf(pattern: string): RegExp {
  const escaped = pattern
    .replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/:[A-Za-z]+|\\\{[A-Za-z]+\\\}/g, '[^/]+')
    .replaceAll('*', '.*')
  return new RegExp(`^${escaped.replace(/\/$/, '')}/?$`)
}
