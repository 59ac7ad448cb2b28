import { HmsError, type ServiceName } from '#libs/contracts'
import {
  contained,
  describeError,
  isTransient,
  isWrite,
  traceOfRequest,
  traceStateHeader,
  type Logger,
  type TrustedProxies,
  requireConnection,
  BODY_BOUNDS,
  drainLargeBodies,
  SERVES_NO_PATH,
} from '#libs/platform'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { request as requestHttp, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import { forwardedFor, withoutHopByHop } from './forwarded-headers.js'
import type { Instances } from './instances.js'

/** Methods that services take; the edge itself answers others. The router compiles two functions for each method of each path. */
const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST']

/** Timeout in ms of reads that are served from memory; above the 2 s that an instance waits for a requested revision. */
const QUICK_MS = 5_000
const SLOW_MS = 65_000
const FROM_MEMORY = /^\/(ofrep|v1\/(policies|snapshot))(\/|\?|$)/
/** Query parameters of history reads, which need the database. */
const FROM_DATABASE = /[?&](at|known|version)=/

interface Target {
  service: ServiceName
  /** Instances of the service, shared by all its paths. */
  instances: Instances
  trusted: TrustedProxies
  log: Logger
  /** Timeout in ms of requests that an instance serves from memory. */
  quickMs?: number
}

/** Forwards requests at and below `paths` to the instances of their service, in round-robin order. */
export async function forward(edge: FastifyInstance, paths: readonly string[], target: Target): Promise<void> {
  const isStreamed = (path: string): boolean => isWrite({ method: 'POST', url: `${path}/` })
  const add = (scope: FastifyInstance, path: string, config: object): void => {
    for (const url of [path, `${path}/*`])
      scope.route({ url, method: METHODS, config, handler: (request, reply) => send(request, reply, target) })
  }
  await edge.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, body, done) => done(null, body))
    for (const path of paths) if (isStreamed(path)) add(scope, path, SERVES_NO_PATH)
  })
  await edge.register(async (scope) => {
    // Buffered unparsed, so that a retry can send a body to a second instance. `BODY_BOUNDS`: limit of every read.
    drainLargeBodies(scope)
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BOUNDS.bytes }, (_request, body, done) => done(null, body))
    for (const path of paths) if (!isStreamed(path)) add(scope, path, { ...SERVES_NO_PATH, bounds: BODY_BOUNDS })
  })
}

/** Forwards to one instance, or after a failure to the next one. The target passes unchanged: only its path was matched by the router. */
function send(request: FastifyRequest, reply: FastifyReply, target: Target): void {
  const { service, instances, log, quickMs = QUICK_MS } = target
  const { body, method, url: path } = request
  // guard: edge-target
  if (!path.startsWith('/') || leavesPrefix(request))
    throw new HmsError('HMS_HTTP_BAD_REQUEST', 'The target must be a path without a segment "..".', { status: 400 })
  const url = new URL(instances.next(request))
  const headers = requestHeaders(request, url.host, target.trusted)
  const timeout = isQuick(request) ? quickMs : SLOW_MS
  const call = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, { path, method, headers, timeout })
  let response: IncomingMessage | undefined
  let isSettled = false
  const onClosed = (): void => {
    isSettled = true
    // A response without a body is unread; its connection is used again.
    if (call.writableFinished && reply.raw.writableFinished) response?.resume()
    else call.destroy()
  }
  const fail = (error: unknown): void => {
    call.destroy()
    if (isSettled) return
    isSettled = true
    reply.raw.off('close', onClosed)
    const hasNoResponse = isTransient(error) || (error === TIMED_OUT && isQuick(request))
    if (hasNoResponse) instances.markUnresponsive(request)
    if (hasNoResponse && instances.mayAskNext(request)) return send(request, reply, target)
    log.warn({ service, error: describeError(error) }, 'a request could not be forwarded')
    closeUnlessRead(request, reply)
    void reply.send(unavailable(error, service, request))
  }
  reply.raw.once('close', onClosed)
  call.on('error', fail)
  call.once('timeout', () => fail(TIMED_OUT))
  call.once(
    'response',
    contained((received: IncomingMessage) => {
      response = received
      void reply.status(received.statusCode!).headers(withoutHopByHop(received.headers)) // guard: edge-hop-by-hop
      isSettled = true
      instances.markResponsive(request)
      closeUnlessRead(request, reply)
      forwardResponse(reply, received, SLOW_MS)
    }, fail),
  )
  if (body instanceof Readable) body.pipe(call)
  else call.end(body)
}

function leavesPrefix({ params }: FastifyRequest): boolean {
  return (params as { '*'?: string })['*']?.split(/[/\\]/).includes('..') === true
}

/** Closes a connection after the response if the request's body has not arrived: a connection can be reused only after it. */
function closeUnlessRead({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (!raw.complete) void reply.header('connection', 'close')
}

/** Drops `Origin`, which the edge checked and the service would compare with another host, and a buffered body's `Transfer-Encoding`. */
function requestHeaders(request: FastifyRequest, host: string, trusted: TrustedProxies): OutgoingHttpHeaders {
  const { origin: _checked, tracestate: _ofAnyTrace, 'transfer-encoding': encoding, ...kept } = withoutHopByHop(request.headers)
  const { body } = request
  const traceparent = traceOfRequest(request)
  return {
    ...kept,
    ...(Buffer.isBuffer(body) ? { 'content-length': body.length } : encoding === undefined ? {} : { 'transfer-encoding': encoding }),
    ...forwardedFor(request, trusted),
    ...traceStateHeader(traceparent),
    host,
    traceparent,
  }
}

function isQuick({ url }: { url: string }): boolean {
  return FROM_MEMORY.test(url) && !FROM_DATABASE.test(url)
}

const TIMED_OUT = new Error('no response in time')

function unavailable(error: unknown, service: ServiceName, request: { method: string; url: string }): HmsError {
  const next = isWrite(request) ? 'The request may still take effect: check before you repeat it.' : 'Try again.'
  const detail =
    error === TIMED_OUT
      ? `No instance of ${service} responded in time. ${next}`
      : `The edge reaches no instance of ${service} at the moment. Try again.`
  return new HmsError('HMS_HTTP_UNAVAILABLE', detail, { status: 503 })
}

/**
 * Forwards a response; aborts an event stream on a connection whose earlier response is still pending (HTTP pipelining), because it would
 * occupy one of the service's stream slots unread. `silenceMs`: maximum time without data in other responses; long, for slow clients.
 */
function forwardResponse(reply: FastifyReply, response: IncomingMessage, silenceMs: number): void {
  const isStream = String(reply.getHeader('content-type')).startsWith('text/event-stream')
  try {
    if (isStream) requireConnection(reply.raw)
  } catch (error) {
    response.destroy()
    return void reply.send(error)
  }
  response.setTimeout(isStream ? 0 : silenceMs)
  void reply.send(response)
}
