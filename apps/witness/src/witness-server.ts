import { HmsError } from '#libs/contracts'
import { addErrorPages, answerProblems, httpOptions, endUnreadResponses, validateRequestHeads, Metrics, type Logger } from '#libs/platform'
import type { WitnessLink } from '#libs/witness'
import Fastify, { type FastifyInstance } from 'fastify'

/** Size limit of a request: a note of 64 KiB plus 63 hashes. */
const BODY_LIMIT_BYTES = 72 * 1024
const REQUEST_TIMEOUT_MS = 10_000
/** Limit of queued requests; a log sends one per batch. */
const MAX_WAITING = 64

/** Creates the HTTP server of a C2SP tlog-witness, not listening: `POST /add-checkpoint`, `GET /checkpoint`, metrics, the usual probes. */
export function createWitnessServer(witness: WitnessLink, log: Logger, metrics = new Metrics()): FastifyInstance {
  const server = Fastify({
    ...httpOptions(log),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    logger: false,
  })
  const checkpoints = metrics.counter('witness_checkpoints_total', 'Submitted checkpoints, by response status', ['status'])
  checkpoints.inc({ status: '200' }, 0)
  let waiting = 0
  endUnreadResponses(server.server)
  validateRequestHeads(server)
  // The protocol defines no media type, so any is parsed as text.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  answerProblems(server, log)
  addErrorPages(server)
  server.get('/livez', async () => ({ status: 'up' }))
  server.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.render()))
  server.get('/readyz', async () => ({ status: 'up', witness: witness.key.name }))
  server.get<{ Querystring: { origin?: unknown } }>('/checkpoint', async ({ query: { origin } }, reply) => {
    const note = typeof origin === 'string' ? await witness.newestCheckpoint?.(origin) : undefined
    if (note === undefined)
      throw new HmsError('HMS_WITNESS_LOG_UNKNOWN', 'This witness has signed no checkpoint of such a log.', {
        status: 404,
        next: ['GET /checkpoint?origin=LOG'],
      })
    return reply.type('text/plain; charset=utf-8').header('cache-control', 'no-cache').send(note)
  })
  server.post('/add-checkpoint', async (request, reply) => {
    if (waiting >= MAX_WAITING)
      throw new HmsError('HMS_WITNESS_BUSY', `${MAX_WAITING} requests are already queued.`, { status: 503, retryable: true })
    waiting++
    try {
      const { status, body } = await witness.addCheckpoint(typeof request.body === 'string' ? request.body : '')
      checkpoints.inc({ status: String(status) })
      if (status !== 200) log.info({ status }, 'a checkpoint was not signed')
      return await reply
        .status(status)
        .type(status === 409 ? 'text/x.tlog.size' : 'text/plain; charset=utf-8')
        .send(body)
    } finally {
      waiting--
    }
  })
  return server
}
