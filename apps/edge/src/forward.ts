import { HmsError, type ServiceName } from '#libs/contracts'
import {
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
import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { forwardedFor, withoutHopByHop } from './forwarded-headers.js'
import type { Instances } from './instances.js'

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
type ReplyOptions = NonNullable<Parameters<FastifyReply['from']>[1]>

/** Forwards requests below `path` to the instances of its service, in round-robin order. */
export async function forward(
  edge: FastifyInstance,
  path: string,
  { service, instances, trusted, log, quickMs = QUICK_MS }: Target,
): Promise<void> {
  /** Forwards to one instance. `isSettled` ignores the second `onError` after a timeout, when the abandoned connection ends. */
  const send = (reply: FastifyReply, source: string, options: ReplyOptions): void => {
    let isSettled = false
    const onError: ReplyOptions['onError'] = (_reply, { error }) => {
      if (isSettled) return
      isSettled = true
      const hasNoResponse = isTransient(error) || (isTimeout(error) && isQuick(reply.request))
      if (hasNoResponse) instances.markUnresponsive(reply.request)
      if (hasNoResponse && instances.mayAskNext(reply.request))
        return send(reply, source, { ...options, getUpstream: () => instances.next(reply.request) })
      log.warn({ service, error: describeError(error) }, 'a request could not be forwarded')
      void reply.send(asUnavailable(error, service, reply.request))
    }
    reply.from(source, { ...options, onError })
  }
  const options: FastifyHttpProxyOptions = {
    upstream: '',
    prefix: path,
    rewritePrefix: path,
    config: SERVES_NO_PATH,
    http: { requestOptions: { timeout: SLOW_MS } },
    handler: (request, reply, source, found) => {
      const { body, headers } = request
      const contentType = headers['content-type'] ?? 'application/octet-stream'
      const timeout = isQuick(request) ? quickMs : SLOW_MS
      send(reply as FastifyReply, source, { ...found, timeout, ...(Buffer.isBuffer(body) ? { body, contentType } : {}) })
    },
    replyOptions: {
      getUpstream: (request) => instances.next(request),
      rewriteHeaders: withoutHopByHop, // guard: edge-hop-by-hop
      onResponse: (request, reply, { stream }) => {
        instances.markResponsive(request)
        forwardResponse(reply as FastifyReply, stream as IncomingMessage, SLOW_MS)
      },
      rewriteRequestHeaders: (request, headers) => {
        const traceparent = traceOfRequest(request)
        const { tracestate: _ofAnyTrace, ...kept } = requestHeaders(headers)
        return { ...kept, ...forwardedFor(request, trusted), traceparent, ...traceStateHeader(traceparent) }
      },
    },
  }
  if (isWrite({ method: 'POST', url: `${path}/` })) return void (await edge.register(httpProxy, options))
  await edge.register(async (reads) => {
    bufferBodies(reads)
    await reads.register(httpProxy, { ...options, proxyPayloads: false })
  })
}

/** Drops `Origin`, which the edge checked and the service would compare with another host, and a buffered body's `Transfer-Encoding`. */
function requestHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const isKept = headers['content-length'] !== undefined
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'origin' && !(isKept && name === 'transfer-encoding')))
}

function isQuick({ url }: { url: string }): boolean {
  return FROM_MEMORY.test(url) && !FROM_DATABASE.test(url)
}

const TIMED_OUT = 504
const NO_RESPONSE: readonly unknown[] = [502, 503, TIMED_OUT]

function statusOf(error: unknown): unknown {
  return (error as { statusCode?: unknown }).statusCode
}

function isTimeout(error: unknown): boolean {
  return statusOf(error) === TIMED_OUT
}

function asUnavailable(error: Error, service: ServiceName, request: { method: string; url: string }): Error {
  if (!isTransient(error) && !NO_RESPONSE.includes(statusOf(error))) return error
  const next = isWrite(request) ? 'The request may still take effect: check before you repeat it.' : 'Try again.'
  const detail = isTimeout(error)
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

/** Buffers request bodies unparsed, so that a retry can send them to a second instance. `BODY_BOUNDS`: limit of every read. */
function bufferBodies(reads: FastifyInstance): void {
  drainLargeBodies(reads)
  reads.addHook('onRoute', (route) => void (route.config = { ...route.config, bounds: BODY_BOUNDS }))
  reads.removeAllContentTypeParsers()
  reads.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BOUNDS.bytes }, (_request, body, done) => done(null, body))
}
