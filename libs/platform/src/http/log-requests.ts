import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from '../logger.js'
import { asSpan, exportSpan, isExporting, traceIdOf, traceOfRequest } from '../trace.js'
import { fastPathSafe } from './fast-path.js'
import { isWrite } from './request-head.js'

/** Logs one line at level `info`, and exports one span, per completed write. Reads change nothing and are frequent. */
export function logWrites(server: FastifyInstance, log: Logger): void {
  fastPathSafe(server).addHook('onResponse', (request, reply, done) => {
    const { method, url } = request
    if (isWrite(request)) {
      const [ms, status, own] = [Math.round(reply.elapsedTime), reply.statusCode, traceOfRequest(request)]
      log.info(
        { method, path: url.split('?')[0], status, ms, traceId: traceIdOf(own) },
        reply.raw.writableFinished ? 'request answered' : 'request ended without its response',
      )
      if (isExporting()) exportSpan(own, request.headers['traceparent'], { ...requestSpan(request, status), startMs: Date.now() - ms })
    }
    done()
  })
}

/** Returns the span of a request, by the conventions for HTTP. It is named by the route, so that names do not multiply with ids. */
function requestSpan({ method, url, routeOptions, protocol, hostname, headers }: FastifyRequest, status: number) {
  const route = routeOptions.url
  const attributes = {
    'http.request.method': method,
    'http.response.status_code': status,
    ...(route === undefined ? {} : { 'http.route': route }),
    'url.path': url.split('?')[0]!,
    'url.scheme': protocol,
    'server.address': hostname,
    ...(headers['user-agent'] === undefined ? {} : { 'user_agent.original': headers['user-agent'] }),
  }
  return { name: `${method} ${route ?? 'unknown'}`, kind: 'server' as const, attributes, error: status >= 500 ? status : undefined }
}

/** Starts or continues the trace of a write. A read emits nothing, so its trace is only created if it fails. */
export function traceRequests(instance: Pick<FastifyInstance, 'addHook'>): void {
  // Runs after the body has arrived: the body's events run in the context of the socket and would lose the trace.
  fastPathSafe(instance).addHook('preHandler', (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
    if (!isWrite(request)) return done()
    asSpan(traceOfRequest(request), done) // guard: trace-door
  })
}
