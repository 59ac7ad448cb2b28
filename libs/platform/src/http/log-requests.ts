import type { FastifyInstance } from 'fastify'
import type { Logger } from '../logger.js'
import { isWrite } from './read-by-post.js'
import { showSpan, traceIdOf, traceOfRequest } from '../trace.js'
import { spansWanted } from '../tracing/span.js'
import { heeded } from './front-door.js'

/** One line, and one span, for what came of each write, at level `info`. A read changes nothing, and there are many. */
export function logWrites(server: FastifyInstance, log: Logger): void {
  heeded(server).addHook('onResponse', (request, reply, done) => {
    const { method, url } = request
    if (isWrite(request)) {
      const [ms, status, own] = [Math.round(reply.elapsedTime), reply.statusCode, traceOfRequest(request)]
      log.info({ method, path: url.split('?')[0], status, ms, traceId: traceIdOf(own) }, 'request answered')
      // By its pattern: names must not grow with ids.
      const span = { name: `${method} ${request.routeOptions.url ?? 'unknown'}`, startMs: Date.now() - ms, failed: status >= 500 }
      if (spansWanted()) showSpan(own, request.headers['traceparent'], span)
    }
    done()
  })
}
