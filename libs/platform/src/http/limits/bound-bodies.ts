import { HmsError } from '#libs/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { boundsOf, type BodyBounds } from '../body-bounds.js'
import { clientsOf, refusalsIn, type LimitedServer } from './limit-clients.js'
import { fastPathSafe } from '../fast-path.js'

const MIB = 1024 * 1024
/** Maximum body bytes in flight, per client and per process: enough for one corpus of the largest size, and some smaller bodies. */
export const BODIES_IN_FLIGHT = { perClient: 48 * MIB, all: 96 * MIB }

/**
 * Limits request body bytes in flight. A request counts its announced length, else its route's limit, until its response is closed.
 * Runs after API keys were checked, so that clients without a key take no room. An edge buffers only bodies whose route declares a limit.
 */
export function limitBodies(server: FastifyInstance, limited: LimitedServer, bounds = BODIES_IN_FLIGHT): void {
  const clientOf = clientsOf(limited)
  const byClient = new Map<string, number>()
  let all = 0
  const refused = limited.metrics && refusalsIn(limited.metrics)
  fastPathSafe(server).addHook('onRequest', (request, reply, done) => {
    const bytes = bufferedBytes(request, limited.isEdge === true)
    if (bytes === 0) return done()
    const client = clientOf(request)
    const mine = byClient.get(client) ?? 0
    // guard: bodies-in-flight
    if (mine + bytes > bounds.perClient || all + bytes > bounds.all) {
      refused?.inc({ what: 'bodies' })
      void reply.header('retry-after', '2')
      return done(tooMany(mine + bytes > bounds.perClient))
    }
    byClient.set(client, mine + bytes)
    all += bytes
    reply.raw.once('close', () => {
      all -= bytes
      const left = byClient.get(client)! - bytes
      if (left > 0) byClient.set(client, left)
      else byClient.delete(client)
    })
    done()
  })
}

/** Returns the body bytes that a request may buffer; 0 if its length is above the route's limit, because the body is then discarded. */
function bufferedBytes({ headers, is404, routeOptions }: FastifyRequest, isEdge: boolean): number {
  const named = (routeOptions.config as { bounds?: BodyBounds } | undefined)?.bounds
  if (is404 || (isEdge && named === undefined)) return 0
  const { bytes } = boundsOf(routeOptions)
  if (headers['transfer-encoding'] !== undefined) return bytes
  const length = Number(headers['content-length'] ?? '0')
  return length <= bytes ? length : 0
}

function tooMany(ofClient: boolean): HmsError {
  const who = ofClient ? 'This client has' : 'This server has'
  const detail = `${who} too many bytes of request bodies in flight. Wait for a response, then try again.`
  return new HmsError('HMS_HTTP_BODIES', detail, { status: ofClient ? 429 : 503, retryable: true })
}
