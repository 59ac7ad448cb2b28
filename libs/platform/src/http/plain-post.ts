import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { BODY_BOUNDS, brokenBound } from './body-bounds.js'
/** Less than a stream keeps for its reader (16 KiB), so that a whole body can wait without anybody reading it. */
const MAX_BYTES = 8 * 1024
const TYPES: readonly unknown[] = ['application/json', 'application/json; charset=utf-8']
/** Names of headers that mean nothing to any hook of a server, or that the door heeds. All others are left to Fastify. */
const KNOWN = new Set(
  `host connection content-type content-length user-agent authorization x-api-key
  accept accept-encoding accept-language cache-control pragma if-none-match if-revision-at-least sec-fetch-mode
  traceparent tracestate x-request-id x-hms-client x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip`.split(/\s+/),
)
const CONNECTION = /^(?:keep-alive|close)$/i
/** Names that the servers' JSON parser refuses, and the backslash, by which an escape could hide one. */
const SUSPECT = /\\|__proto__|constructor/

/** Whether a request is a POST of a small JSON body that is recognised whole: each of its headers is known, and comes once. */
export function isPlainPost({ method, httpVersion, headers, rawHeaders }: IncomingMessage): boolean {
  if (method !== 'POST' || httpVersion !== '1.1' || !TYPES.includes(headers['content-type'])) return false
  const length = Number(headers['content-length'])
  if (!(length > 0 && length <= MAX_BYTES) || !headers.host || !CONNECTION.test(headers.connection ?? 'close')) return false
  const names = Object.keys(headers)
  return rawHeaders.length === 2 * names.length && names.every((name) => KNOWN.has(name))
}

/**
 * Shows `take` the body once all of it has come. What `take` answers `false` to is put back, and `pass` called. Nobody listens to the
 * stream meanwhile; a client that goes away before has no answer to wait for.
 */
export function peekBody(request: IncomingMessage, take: (body: Buffer) => boolean, pass: () => void): void {
  const look = (): void => {
    if (request.destroyed) return
    const body = request.read() as Buffer | null
    if (body !== null && take(body)) return
    if (body !== null) request.unshift(body)
    pass()
  }
  const wait = (): void => {
    if (!request.complete) return
    request.off('readable', wait)
    look()
  }
  // A body that came with its head is parsed by the check phase. To listen to the stream for it took 40 µs more of each request.
  setImmediate(() => (request.complete ? look() : request.on('readable', wait)))
}

/**
 * A body within the common bounds, parsed, for a route that keeps nothing of it; throws, or answers `undefined`, for any that the servers
 * might refuse.
 */
export function parsePlainJson(body: Buffer): unknown {
  if (!isUtf8(body) || brokenBound(body, BODY_BOUNDS) !== undefined) return undefined
  const text = body.toString()
  return SUSPECT.test(text) ? undefined : (JSON.parse(text) as unknown)
}
