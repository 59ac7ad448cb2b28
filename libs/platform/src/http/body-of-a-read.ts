import { HmsError } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { heeded } from './front-door.js'

/**
 * Refuses a GET or HEAD with a body. No handler reads it: a stream of events would let it be sent without limit, and a proxy that forwards
 * its length without it makes the next request on that connection part of it.
 */
export function refuseBodiesOfReads(server: FastifyInstance): void {
  heeded(server).addHook('onRequest', (request, reply, done) => {
    if (!bringsBodyToRead(request.raw)) return done()
    void reply.header('connection', 'close')
    done(new HmsError('HMS_HTTP_BODY_TOO_LARGE', `A ${request.method} takes no body.`, { status: 413 }))
  })
}

function bringsBodyToRead({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? '0') !== 0
}
