import { HmsError, notInterchangeable } from '#libs/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { boundsOf, brokenBound } from './body-bounds.js'

/** Bodies are JSON and nothing else: forms and plain text are what pages of other sites can send unasked. `rawBody` is what signed requests cover. */
export function takeJsonBodies(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    route.bodyLimit = boundsOf(route).bytes
  })
  server.removeAllContentTypeParsers()
  const parse = server.getDefaultJsonParser('error', 'error')
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request: FastifyRequest & { rawBody?: Buffer }, body: Buffer, done) => {
    request.rawBody = body
    const broken = brokenBound(body, boundsOf(request.routeOptions))
    if (broken !== undefined) return done(new HmsError('HMS_HTTP_BODY_TOO_LARGE', `The body is more than this route takes: ${broken}.`, { status: 413 }))
    // The second half of the signature is for parsers that return a promise.
    return void parse(request, body.toString(), (error, value) => {
      const found = error === null ? notInterchangeable(value) : undefined
      if (found === undefined) return done(error, value)
      done(new HmsError('HMS_HTTP_BODY_INVALID', `The body cannot be kept as it is: ${found.detail}.`, { status: 400, errors: [found] }))
    })
  })
}
