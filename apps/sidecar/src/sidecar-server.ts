import { HmsError } from '#libs/contracts'
import {
  respondToClientError,
  closeQueuedResponses,
  crossOriginHeaders,
  endUnreadResponses,
  errorPage,
  noErrorPage,
  problemBody,
  requireConnection,
  toProblem,
  type Logger,
  type Metrics,
  isForeignHost,
  isForeignOrigin,
  isNamedOrigin,
  refusalOfExpectation,
  refusalOfHost,
} from '#libs/platform'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { HeldValues } from './held-values.js'
import type { EventFeed } from './push/event-feed.js'
import type { PolicyReads } from './reads/policies.http.js'
import { type SidecarResponse, readJson, send } from './http/answer.js'
import type { Flags } from './ofrep/flags.js'

/** Limits of the HTTP server, low because request headers and bodies are small. A request above a limit gets 431 or 408. */
const BOUNDS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 5_000,
  requireHostHeader: false,
}
const MAX_CONNECTIONS = 256

export interface SidecarParts {
  reads: PolicyReads
  feed: EventFeed
  values: HeldValues
  flags: Flags
  metrics: Metrics
  log: Logger
  overTcp: boolean
  /** Origins of pages that may use OFREP. */
  origins: readonly string[]
}

/** Creates the side-car's HTTP server, not yet listening. */
export function createSidecarServer(parts: SidecarParts): Server {
  const server = createServer(BOUNDS, (request, response) => {
    response.on('error', () => response.destroy())
    answer(request, response, parts).catch((error: unknown) => send(response, problemOf(error, request, parts.log)))
  })
  closeQueuedResponses(server)
  endUnreadResponses(server)
  // `refusalOf` checks the `Expect` header; without this listener Node responds itself, with an empty body.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => server.emit('request', request, response))
  server.on('clientError', (error, socket) => respondToClientError(error, socket, parts.log))
  server.maxConnections = MAX_CONNECTIONS
  return server
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: SidecarParts): Promise<void> {
  const { log, overTcp, origins } = parts
  const named = crossOriginHeaders(request, origins)
  for (const [name, value] of Object.entries(named?.headers ?? {})) response.setHeader(name, value)
  if (named?.preflight === true) return send(response, { status: 204 })
  const refusal = refusalOf(request, overTcp, origins)
  // The rest of a refused request is not read.
  if (refusal !== undefined) {
    const problem = problemOf(refusal, request, log)
    return send(response, { ...problem, headers: { ...problem.headers, connection: 'close' } })
  }
  await route(request, response, parts)
}

async function route(request: IncomingMessage, response: ServerResponse, parts: SidecarParts): Promise<void> {
  const { reads, feed, flags, values, metrics } = parts
  const { pathname, searchParams } = targetOf(request)
  const ifNoneMatch = request.headers['if-none-match']
  if (isEvaluation(request)) {
    const key = /^\/ofrep\/v1\/evaluate\/flags\/(.+)$/.exec(pathname)?.[1]
    const decodedKey = key === undefined ? undefined : decoded(key)
    return send(response, flags.answer(decodedKey, await readJson(request), ifNoneMatch))
  }
  const id = /^\/v1\/policies\/([^/]+)$/.exec(pathname)?.[1]
  if (id !== undefined) return send(response, reads.show(decoded(id), searchParams, ifNoneMatch))
  const code = /^\/docs\/errors\/([^/]+)$/.exec(pathname)?.[1]
  if (code !== undefined) return send(response, explain(decoded(code)))
  switch (pathname) {
    case '/v1/policies':
      return send(response, reads.list(searchParams, ifNoneMatch))
    case '/ofrep/v1/events':
      requireConnection(response)
      return flags.follow(request, response)
    case '/v1/events':
      requireConnection(response)
      return feed.follow(request, response, searchParams)
    case '/livez':
      return send(response, { body: '{"status":"up"}' })
    case '/readyz':
      return send(response, readiness(values))
    case '/metrics':
      return send(response, { type: metrics.registry.contentType, body: await metrics.render() })
    default:
      throw new HmsError('HMS_HTTP_PATH_UNKNOWN', `There is no ${request.method} ${pathname}.`, { status: 404 })
  }
}

function explain(code: string): SidecarResponse {
  const page = errorPage(code)
  return { status: page === undefined ? 404 : 200, type: 'text/plain; charset=utf-8', body: page ?? noErrorPage(code) }
}

/** Parses the whole request target as path and query, even an absolute URL, because the side-car is the only destination. */
function targetOf({ url = '/' }: IncomingMessage): URL {
  if (url.includes('%00')) throw malformed('An address with a NUL')
  const text = `http://sidecar${url.startsWith('/') ? '' : '/'}${url}`
  if (!URL.canParse(text)) throw malformed(url)
  const target = new URL(text)
  if (target.pathname.length > 1) target.pathname = target.pathname.replace(/\/$/, '')
  return target
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    throw malformed(id)
  }
}

function malformed(what: string): HmsError {
  return new HmsError('HMS_HTTP_BAD_REQUEST', `${what} is no path that can be read.`, { status: 400 })
}

function problemOf(error: unknown, request: IncomingMessage, log: Logger): SidecarResponse {
  const { method = '', url = '', headers: given } = request
  const problem = toProblem(error, { method, url, headers: given }, log)
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  if (problem.status === 405) headers['allow'] = isEvaluation(request) ? 'POST' : 'GET, HEAD'
  if (problem.status === 503) headers['retry-after'] = '2'
  if (problem.status === 413) headers['connection'] = 'close'
  return { status: problem.status, ...problemBody(problem, url), headers }
}

/** Paths of evaluations, which are reads with a request body. */
const EVALUATE = /^\/ofrep\/v1\/evaluate\/flags(?:[/?]|$)/

function isEvaluation({ url = '' }: IncomingMessage): boolean {
  return EVALUATE.test(url)
}

/**
 * Returns the refusal of a request, before it is routed; `undefined` if there is none. `overTcp`: whether to check Host and Origin; the
 * mode of a socket file already restricts who connects, and Host has no meaning there. `origins`: origins of pages that may use OFREP.
 */
function refusalOf(request: IncomingMessage, overTcp: boolean, origins: readonly string[]): HmsError | undefined {
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
  if (method !== 'GET' && method !== 'HEAD')
    return new HmsError('HMS_HTTP_METHOD', `The side-car is for reading: GET and HEAD, not ${method}.`, { status: 405 })
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
    return new HmsError('HMS_HTTP_BODY_TOO_LARGE', 'The side-car takes no body.', { status: 413 })
  return undefined
}

/**
 * Returns the readiness: `up` if the copy is complete and fresh, `degraded` if it may be old, 503 `down` without a verified value.
 * Kubernetes takes a pod with an unready container out of service, so an unavailable upstream must not make all side-cars unready at once.
 */
function readiness(values: Pick<HeldValues, 'state' | 'revision' | 'ids'>): SidecarResponse {
  const { state, revision } = values
  const policies = values.ids().length
  const status = state === 'READY' ? 'up' : policies > 0 ? 'degraded' : 'down'
  const body = JSON.stringify({ status, state, revision, policies })
  return status === 'down' ? { status: 503, body, headers: { 'retry-after': '2' } } : { body }
}
