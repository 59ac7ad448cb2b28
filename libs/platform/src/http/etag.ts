import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { fastPathSafe } from './fast-path.js'

/** Whether `If-None-Match`, a list of ETags or `*`, contains this ETag. Weak marks are ignored. */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some((known) => known.trim() === '*' || known.trim().replace(/^W\//, '') === etag)
}

/** Adds an `ETag` over the bytes of each complete response to a read without one. A 304 saves transfer and parsing, not the computation. */
export function tagReads(server: FastifyInstance): void {
  fastPathSafe(server).addHook<unknown>('onSend', (request, reply, payload, done) => {
    const isRead = (request.method === 'GET' || request.method === 'HEAD') && reply.statusCode === 200 && !reply.hasHeader('etag')
    if (!isRead || !(typeof payload === 'string' || Buffer.isBuffer(payload))) return done(null, payload)
    const etag = `"${createHash('sha256').update(payload).digest('base64url').slice(0, 22)}"`
    void reply.header('etag', etag)
    if (!isKnown(etag, request.headers['if-none-match'])) return done(null, payload)
    void reply.code(304).removeHeader('content-length')
    done(null, '')
  })
}
