import { HmsError } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'

/** Refuses an order to the next hop that Node would take as one to itself when the edge passes it on, and throw. */
export function refuseUnforwardable(edge: FastifyInstance): void {
  edge.addHook('onRequest', (request, _reply, done) => {
    if (request.headers.trailer === undefined) return done()
    done(new HmsError('HMS_HTTP_BAD_REQUEST', 'The edge passes no trailers on: leave the Trailer header out.', { status: 400 }))
  })
}
