import { SharedAnswer, systemClock, type Metrics } from '#libs/platform'
import type { FastifyInstance } from 'fastify'

const COLLECT_MS = 1_000

/** Serves `GET /metrics` of the edge itself. The edge knows no keys, so metrics are served only if anonymous clients may read them. */
export function addMetrics(edge: FastifyInstance, metrics: Metrics): void {
  const answered = metrics.counter('edge_requests_total', 'Requests that the edge answered or passed on, by class of status', ['status'])
  const page = new SharedAnswer(() => metrics.page(), systemClock, COLLECT_MS)
  edge.addHook('onResponse', (_request, reply, done) => {
    answered.inc({ status: `${Math.floor(reply.statusCode / 100)}xx` })
    done()
  })
  edge.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await page.get()))
}
