import { HmsError } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'

/** Refuses requests with a `Trailer` header: Node would interpret the header itself when the edge forwards it, and throw. */
export function refuseUnforwardable(edge: FastifyInstance): void {
  edge.addHook('onRequest', (request, _reply, done) => {
    if (request.headers.trailer === undefined) return done()
    done(new HmsError('HMS_HTTP_BAD_REQUEST', 'The edge passes no trailers on: leave the Trailer header out.', { status: 400 }))
  })
}
