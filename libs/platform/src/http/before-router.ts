import { HmsError } from '#libs/contracts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from '../logger.js'
import { refusalOfExpectation, refusalOfHost } from './request-head.js'
import { sendProblem, toProblem } from './problem.js'
import { heeded } from './front-door.js'

const HEADERS_MS = 10_000
const CHECKED_EVERY_MS = 5_000

/**
 * Options of every Fastify server: what goes wrong before a route is found is told as all else is, and a connection that does not bring the
 * head of its request is cut.
 */
export function earlyErrors(log: Logger): {
  frameworkErrors(error: Error, request: FastifyRequest, reply: FastifyReply): void
  clientErrorHandler(error: Error, socket: Duplex): void
  http: { requireHostHeader: false; headersTimeout: number; connectionsCheckingInterval: number }
} {
  return {
    // `refusalOfHost` says it as a problem; Node would say it with an empty body.
    http: { requireHostHeader: false, headersTimeout: HEADERS_MS, connectionsCheckingInterval: CHECKED_EVERY_MS },
    frameworkErrors: (error, request, reply) => sendProblem(reply, toProblem(error, request, log)),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, log),
  }
}

/** For `clientError` of a server: bytes that are no request, or one that is too large or too slow. The connection ends with the answer. */
export function answerClientError(
  error: Error & { code?: string },
  socket: Duplex & { _httpMessage?: ServerResponse | null },
  log: Logger,
): void {
  // Bytes behind a request whose answer closes the connection. That answer is under way, and Node closes behind it.
  if (error.code === 'HPE_CLOSED_CONNECTION') return
  // `_httpMessage` is where Node itself looks whether an answer has begun on this connection, such as a stream of events.
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
    return new HmsError('HMS_HTTP_HEADERS_TOO_LARGE', 'The headers of the request are larger than this server takes.', { status: 431 })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new HmsError('HMS_HTTP_TIMEOUT', 'The request did not come whole in time.', { status: 408, retryable: true })
  return new HmsError('HMS_HTTP_BAD_REQUEST', `This is no HTTP request that can be read (${code ?? 'unknown'}).`, { status: 400 })
}

/**
 * Judges the head of every request: one host, no unknown demand, 405 with `Allow` where a path is known and its method is not, 400 for a
 * NUL. Before any route is added.
 */
export function judgeTargets(server: FastifyInstance): void {
  const known: { path: RegExp; method: string }[] = []
  heeded(server).addHook('onRoute', ({ url, method }) => {
    for (const each of [method].flat()) known.push({ path: pathOf(url), method: each })
  })
  // Node would answer by itself, with an empty body.
  server.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.server.emit('request', request, response),
  )
  heeded(server).addHook('onRequest', (request, reply, done) => {
    const path = request.url.split('?')[0]!
    const refused = refusalOfHost(request.raw) ?? refusalOfExpectation(request.raw)
    if (refused !== undefined) return done(refused)
    // PostgreSQL has no form for it, whatever the parameter means.
    if (/%00/.test(request.url)) return done(new HmsError('HMS_HTTP_BAD_REQUEST', 'The address holds a NUL.', { status: 400 }))
    const allowed = request.is404 ? known.filter((route) => route.path.test(path)).map(({ method }) => method) : []
    if (allowed.length === 0) return done()
    const list = [...new Set(allowed)].toSorted().join(', ')
    void reply.header('allow', list)
    done(new HmsError('HMS_HTTP_METHOD', `${path} takes ${list}, not ${request.method}.`, { status: 405 }))
  })
}

/** `:name` is one part of a path, `*` any number of them. */
function pathOf(pattern: string): RegExp {
  const escaped = pattern
    .replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/:[A-Za-z]+/g, '[^/]+')
    .replaceAll('*', '.*')
  return new RegExp(`^${escaped.replace(/\/$/, '')}/?$`)
}
