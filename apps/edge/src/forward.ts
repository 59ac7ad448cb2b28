import { HmsError, type ServiceName } from '#libs/contracts'
import { describeError, isTransient, isWrite, traceOfRequest, type Logger, type TrustedProxies } from '#libs/platform'
import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { forwardAnswer } from './forward-answer.js'
import { forwardedFor, withoutHopByHop } from './forwarded-headers.js'
import { Instances } from './instances.js'
import { keepBodies } from './kept-bodies.js'

const UPSTREAM_TIMEOUT_MS = 65_000

interface Target {
  service: ServiceName
  urls: readonly string[]
  trusted: TrustedProxies
  log: Logger
}
type ReplyOptions = NonNullable<Parameters<FastifyReply['from']>[1]>

/** Passes on what is asked below `path` to the instances of its service in turn. */
export async function forward(edge: FastifyInstance, path: string, { service, urls, trusted, log }: Target): Promise<void> {
  const instances = new Instances(urls)
  /** One instance; `onError` hears of one that was given up a second time, when its connection ends. */
  const ask = (reply: FastifyReply, source: string, options: ReplyOptions): void => {
    let isOver = false
    const onError: ReplyOptions['onError'] = (_reply, { error }) => {
      if (isOver) return
      isOver = true
      if (instances.mayAskNext(reply.request, error))
        return ask(reply, source, { ...options, getUpstream: () => instances.next(reply.request) })
      log.warn({ service, error: describeError(error) }, 'a request could not be passed on')
      void reply.send(isTransient(error) ? unavailable(service) : error)
    }
    reply.from(source, { ...options, onError })
  }
  const options: FastifyHttpProxyOptions = {
    upstream: '',
    prefix: path,
    rewritePrefix: path,
    http: { requestOptions: { timeout: UPSTREAM_TIMEOUT_MS } },
    handler: ({ body, headers }, reply, source, found) => {
      const type = headers['content-type'] ?? 'application/octet-stream'
      ask(reply as FastifyReply, source, { ...found, ...(Buffer.isBuffer(body) ? { body, contentType: type } : {}) })
    },
    replyOptions: {
      getUpstream: (request) => instances.next(request),
      rewriteHeaders: withoutHopByHop,
      onResponse: (_request, reply, { stream }) => forwardAnswer(reply as FastifyReply, stream),
      rewriteRequestHeaders: (request, headers) => ({
        ...passedOn(headers),
        ...forwardedFor(request, trusted),
        traceparent: traceOfRequest(request),
      }),
    },
  }
  if (isWrite({ method: 'POST', url: `${path}/` })) return void (await edge.register(httpProxy, options))
  await edge.register(async (reads) => {
    keepBodies(reads)
    await reads.register(httpProxy, { ...options, proxyPayloads: false })
  })
}

/**
 * `Origin` was judged here, by the name that the edge was asked under; the service would compare it with its own. A body that is kept has a
 * length.
 */
function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const isKept = headers['content-length'] !== undefined
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'origin' && !(isKept && name === 'transfer-encoding')))
}

function unavailable(service: ServiceName): HmsError {
  const detail = `The edge reaches no instance of ${service} at the moment. Try again.`
  return new HmsError('HMS_HTTP_UNAVAILABLE', detail, { status: 503 })
}
