import { BODY_BOUNDS, drainLargeBodies } from '#libs/platform'
import type { FastifyInstance } from 'fastify'

/** Buffers each body as received, so that a second instance can be tried with it; no service accepts a larger body for a read. */
export function keepBodies(reads: FastifyInstance): void {
  drainLargeBodies(reads)
  reads.addHook('onRoute', (route) => void (route.config = { ...route.config, bounds: BODY_BOUNDS }))
  reads.removeAllContentTypeParsers()
  reads.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BOUNDS.bytes }, (_request, body, done) => done(null, body))
}
