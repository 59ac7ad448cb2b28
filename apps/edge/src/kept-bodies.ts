import { BODY_BOUNDS, drainLargeBodies } from '#libs/platform'
import type { FastifyInstance } from 'fastify'

/** Keeps each body as the bytes that came, so that a second instance can be asked with it; no service takes a larger one of a read. */
export function keepBodies(reads: FastifyInstance): void {
  drainLargeBodies(reads)
  reads.addHook('onRoute', (route) => void (route.config = { ...route.config, bounds: BODY_BOUNDS }))
  reads.removeAllContentTypeParsers()
  reads.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BOUNDS.bytes }, (_request, body, done) => done(null, body))
}
