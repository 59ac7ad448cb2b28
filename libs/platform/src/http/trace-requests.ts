import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isWrite } from './read-by-post.js'
import { asSpan, traceOfRequest } from '../trace.js'
import { heeded } from './front-door.js'

type Instance = Pick<FastifyInstance, 'addHook'>

/** Starts or continues the trace of a write. A read emits nothing, so its trace is only created if it fails. */
export function traceRequests(instance: Instance): void {
  // After the body, whose events run in the context of the socket and would lose the trace.
  heeded(instance).addHook('preHandler', (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
    if (!isWrite(request)) return done()
    asSpan(traceOfRequest(request), done)
  })
}
