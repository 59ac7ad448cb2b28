import { HmsError, notInterchangeable } from '#libs/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isUtf8 } from 'node:buffer'
import { boundsOf, brokenBound } from './body-bounds.js'
import { refusalOfEncoding } from './request-head.js'
import { heeded } from './front-door.js'

/**
 * Accepts JSON bodies only: pages of other sites can send forms and plain text without a preflight. `rawBody` contains the bytes that
 * signed requests cover.
 */
export function takeJsonBodies(server: FastifyInstance): void {
  heeded(server).addHook('onRoute', (route) => {
    route.bodyLimit = boundsOf(route).bytes
  })
  drainLargeBodies(server)
  server.removeAllContentTypeParsers()
  const parse = server.getDefaultJsonParser('error', 'error')
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request: FastifyRequest & { rawBody?: Buffer }, body: Buffer, done) => {
      request.rawBody = body
      const refused = refusalOfEncoding(request) ?? refusalOfBytes(body)
      if (refused !== undefined) return done(refused)
      const broken = brokenBound(body, boundsOf(request.routeOptions))
      if (broken !== undefined)
        return done(new HmsError('HMS_HTTP_BODY_TOO_LARGE', `The body is more than this route takes: ${broken}.`, { status: 413 }))
      // The promise overload of the type is for parsers that return a promise.
      return void parse(request, body.toString(), (error, value) => {
        const found = error === null && boundsOf(request.routeOptions).kept !== false ? notInterchangeable(value) : undefined
        if (found === undefined) return done(error, value)
        done(new HmsError('HMS_HTTP_BODY_INVALID', `The body cannot be kept as it is: ${found.detail}.`, { status: 400, errors: [found] }))
      })
    },
  )
}

/**
 * Reads and discards the rest of an oversized body: closing early resets the connection, and the client, or the edge, would not receive the
 * 413.
 */
export function drainLargeBodies(server: FastifyInstance): void {
  heeded(server).addHook('onSend', (request, reply, _payload, done) => {
    if (reply.statusCode === 413 && request.method === 'POST') void reply.removeHeader('connection')
    done()
  })
}

function refusalOfBytes(body: Buffer): HmsError | undefined {
  return isUtf8(body)
    ? undefined
    : new HmsError('HMS_HTTP_BODY_INVALID', 'The body is not UTF-8: it would be kept as something else.', { status: 400 })
}
