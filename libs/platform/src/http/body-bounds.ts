import { HmsError, notInterchangeable } from '#libs/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { fastPathSafe } from './fast-path.js'
import { isUtf8 } from 'node:buffer'
import { refusalOfEncoding } from './request-head.js'

/**
 * Limits of a body. `parts`: number of values and members at any depth. `kept: false`: nothing of the body is stored or forwarded, so it
 * may contain numbers and texts that other parsers read differently.
 */
export interface BodyBounds {
  bytes: number
  parts: number
  depth: number
  kept?: boolean
}

export const BODY_BOUNDS: Readonly<BodyBounds> = { bytes: 64 * 1024, parts: 1_000, depth: 16 }

export function boundsOf(route: { config?: unknown }): BodyBounds {
  return (route.config as { bounds?: BodyBounds } | undefined)?.bounds ?? BODY_BOUNDS
}

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\,[]{}')

/** Returns a sentence on the exceeded limit, or `undefined`. Counts brackets and commas without allocation; syntax is not checked. */
export function exceededLimit(text: Buffer, { parts, depth }: Pick<BodyBounds, 'parts' | 'depth'>): string | undefined {
  let level = 0
  let seen = 1
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]
    if (byte === QUOTE) at = endOfString(text, at)
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) level--
    else if (byte === COMMA) seen++
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      seen++
      if (++level > depth) return `it is nested more than ${depth} deep`
    } else continue
    // guard: body-parts
    if (seen > parts) return `it has more than ${parts} parts`
  }
  return undefined
}

/** Returns the index of the closing quote; the end of the text if there is none. */
function endOfString(text: Buffer, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === QUOTE) return at
    if (text[at] === BACKSLASH) at++
  }
  return text.length
}

/**
 * Refuses a GET or HEAD with a body, which no handler reads. A body could be endless during a stream of events. If a proxy forwards
 * the length of a body but not the body, the next request on the connection would be read as the body.
 */
export function refuseBodiesOfReads(server: FastifyInstance): void {
  fastPathSafe(server).addHook('onRequest', (request, reply, done) => {
    if (!hasBodyOnRead(request.raw)) return done() // guard: read-without-body
    void reply.header('connection', 'close')
    done(new HmsError('HMS_HTTP_BODY_TOO_LARGE', `A ${request.method} must not have a body.`, { status: 413 }))
  })
}

function hasBodyOnRead({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? '0') !== 0
}

/** Accepts JSON only: pages of other sites can send forms and plain text without a preflight. `rawBody`: bytes that signatures cover. */
export function acceptJsonBodies(server: FastifyInstance): void {
  fastPathSafe(server).addHook('onRoute', (route) => {
    route.bodyLimit = boundsOf(route).bytes
  })
  drainLargeBodies(server)
  server.removeAllContentTypeParsers() // guard: body-forms
  const parse = server.getDefaultJsonParser('error', 'error')
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request: FastifyRequest & { rawBody?: Buffer }, body: Buffer, done) => {
      request.rawBody = body
      const refused = refusalOfEncoding(request) ?? refusalOfBytes(body) // guards: body-encoding, body-utf8
      if (refused !== undefined) return done(refused)
      const exceeded = exceededLimit(body, boundsOf(request.routeOptions))
      if (exceeded !== undefined)
        return done(new HmsError('HMS_HTTP_BODY_TOO_LARGE', `The body exceeds the limit of this route: ${exceeded}.`, { status: 413 }))
      // With a callback the parser returns no promise, although its type permits one.
      return void parse(request, body.toString(), (error, value) => {
        // guard: body-interchangeable
        const found = error === null && boundsOf(request.routeOptions).kept !== false ? notInterchangeable(value) : undefined
        if (found === undefined) return done(error, value)
        done(
          new HmsError('HMS_HTTP_BODY_INVALID', `The body cannot be stored unchanged: ${found.detail}.`, { status: 400, errors: [found] }),
        )
      })
    },
  )
}

/** Keeps the connection open after a 413, while Node discards the body: closing early resets it, and the 413 would be lost. */
export function drainLargeBodies(server: FastifyInstance): void {
  fastPathSafe(server).addHook('onSend', (request, reply, _payload, done) => {
    if (reply.statusCode === 413 && request.method === 'POST') void reply.removeHeader('connection') // guard: refusal-arrives
    done()
  })
}

function refusalOfBytes(body: Buffer): HmsError | undefined {
  return isUtf8(body)
    ? undefined
    : new HmsError('HMS_HTTP_BODY_INVALID', 'The body is not UTF-8: it cannot be stored unchanged.', { status: 400 })
}
