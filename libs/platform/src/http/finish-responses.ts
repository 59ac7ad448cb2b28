import type { FastifyInstance, FastifyReply } from 'fastify'
import { gzip } from 'node:zlib'
import { fastPathSafe } from './fast-path.js'

/** Smallest compressed body in bytes: smaller ones gain little. */
const COMPRESSED_FROM = 1024
/** Compressions at a time. Further responses are sent uncompressed, so that requests cannot occupy every thread of the pool. */
const MAX_COMPRESSING = 32
const COMPRESSIBLE = /^(?:text\/|image\/svg|application\/(?:[\w.-]+\+)?(?:json|javascript|xml|yaml))/i
/** Paths whose responses are sent unchanged: the responses contain a stream key, are small, and use the fast path too. */
const UNTOUCHED = /^\/ofrep\//

export function acceptsGzip(encodings: string | string[] = ''): boolean {
  const given = String(encodings)
    .split(',')
    .map((encoding) => encoding.toLowerCase().replaceAll(/\s/g, '').split(';'))
  const named = given.find(([name]) => name === 'gzip') ?? given.find(([name]) => name === '*')
  return named !== undefined && !/^q=0(\.0*)?$/.test(named[1] ?? '')
}

/**
 * Adds what browsers, caches and proxies expect to each response: `nosniff`, `Cache-Control`, `Vary`, and gzip for complete bodies. Streams
 * and forwarded responses are sent as they are. Register it after hooks that read the body.
 */
export function finishResponses(server: FastifyInstance): void {
  let compressing = 0
  const hooks = fastPathSafe(server)
  hooks.addHook('onRequest', ({ url }, { raw }, done) => {
    // Also set on a response that bypasses the reply, such as a stream of events.
    if (!UNTOUCHED.test(url)) raw.setHeader('x-content-type-options', 'nosniff')
    done()
  })
  hooks.addHook<unknown>('onSend', ({ method, url, headers }, reply, payload, done) => {
    if (UNTOUCHED.test(url)) return done(null, payload)
    const isRead = (method === 'GET' || method === 'HEAD') && reply.statusCode < 400
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', isRead ? 'private, no-cache' : 'no-store')
    const vary = String(reply.getHeader('vary') ?? 'authorization').toLowerCase()
    if (!/\*|accept-encoding/.test(vary)) void reply.header('vary', `${vary}, accept-encoding`)
    if (!acceptsGzip(headers['accept-encoding']) || reply.hasHeader('content-encoding')) return done(null, payload)
    const etag = String(reply.getHeader('etag') ?? '')
    if (reply.statusCode === 304 && headers['if-none-match']?.includes(`W/${etag}`) === true) void reply.header('etag', `W/${etag}`)
    if (!isCompressible(reply, url, payload) || compressing >= MAX_COMPRESSING) return done(null, payload)
    compressing++
    gzip(payload, (error, body) => {
      compressing--
      if (error !== null) return done(null, payload)
      void reply.header('content-encoding', 'gzip').removeHeader('content-length')
      // The ETag becomes weak: the compressed bytes equal the uncompressed body in meaning only (RFC 9110 §8.8.1).
      if (etag.startsWith('"')) void reply.header('etag', `W/${etag}`)
      done(null, body)
    })
  })
}

/**
 * Whether a body may be compressed. Its length must not reveal a secret beside text that an attacker chose (BREACH): excluded are responses
 * with `no-store`, which may contain a secret, and pages that may show their query. Other pages show nothing of a request.
 */
function isCompressible(reply: FastifyReply, url: string, payload: unknown): payload is string | Buffer {
  const size = typeof payload === 'string' ? Buffer.byteLength(payload) : Buffer.isBuffer(payload) ? payload.length : 0
  const type = String(reply.getHeader('content-type') ?? '')
  if (size < COMPRESSED_FROM || !COMPRESSIBLE.test(type)) return false
  if (type.startsWith('text/html')) return !url.includes('?') // guard: no-breach
  return !/no-store|no-transform/.test(String(reply.getHeader('cache-control')))
}
