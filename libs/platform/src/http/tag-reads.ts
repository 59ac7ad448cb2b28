import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { isKnown } from './etag.js'
import { heeded } from './front-door.js'

/**
 * Gives each whole answer to a GET an `ETag` of its bytes, and answers 304 where `If-None-Match` names it. Routes that know what their
 * answer rests on set their own. The work is done all the same; what is saved is the line, and the reader's parser.
 */
export function tagReads(server: FastifyInstance): void {
  heeded(server).addHook<unknown>('onSend', (request, reply, payload, done) => {
    const isRead = request.method === 'GET' && reply.statusCode === 200 && !reply.hasHeader('etag')
    if (!isRead || !(typeof payload === 'string' || Buffer.isBuffer(payload))) {
      done(null, payload)
      return
    }
    const etag = `"${createHash('sha256').update(payload).digest('base64url').slice(0, 22)}"`
    void reply.header('etag', etag)
    if (!isKnown(etag, request.headers['if-none-match'])) {
      done(null, payload)
      return
    }
    void reply.code(304).removeHeader('content-length')
    done(null, '')
  })
}
