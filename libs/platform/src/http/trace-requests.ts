import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isWrite } from './read-by-post.js'
import { asSpan, traceOfRequest } from '../trace.js'
import { heeded } from './front-door.js'

type Instance = Pick<FastifyInstance, 'addHook'>

/** A write begins or goes on with a trace. A read emits nothing and pays for none: what goes wrong with it asks for its trace then. */
export function traceRequests(instance: Instance): void {
  // After the body: its events come in the context of the socket, and would lose the trace again.
  heeded(instance).addHook('preHandler', (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
    if (!isWrite(request)) return done()
    asSpan(traceOfRequest(request), done)
  })
}
