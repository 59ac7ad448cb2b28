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
      // The span is named by the route pattern, so that names do not multiply with ids.
      const span = { name: `${method} ${request.routeOptions.url ?? 'unknown'}`, startMs: Date.now() - ms, failed: status >= 500 }
      if (isExporting()) exportSpan(own, request.headers['traceparent'], span)
    }
    done()
  })
}

/** Starts or continues the trace of a write. A read emits nothing, so its trace is only created if it fails. */
export function traceRequests(instance: Pick<FastifyInstance, 'addHook'>): void {
  // Runs after the body has arrived: the body's events run in the context of the socket and would lose the trace.
  fastPathSafe(instance).addHook('preHandler', (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
    if (!isWrite(request)) return done()
    asSpan(traceOfRequest(request), done) // guard: trace-door
  })
}
