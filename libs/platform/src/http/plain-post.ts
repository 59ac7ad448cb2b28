import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { BODY_BOUNDS, brokenBound } from './body-bounds.js'
import { refusalOfHost } from './request-head.js'

/** Less than a stream keeps for its reader (16 KiB), so that a whole body can wait without anybody reading it. */
const MAX_BYTES = 8 * 1024
const TYPES: readonly unknown[] = ['application/json', 'application/json; charset=utf-8']
/** Each of these makes the hooks of a server look closer, or the body come in another way. */
const ODD = ['origin', 'expect', 'transfer-encoding', 'content-encoding', 'idempotency-key', 'accept-version']
/** Names that the servers' JSON parser refuses, and the backslash, by which an escape could hide one. */
const SUSPECT = /\\|__proto__|constructor/

/** Whether a request is a POST of a small JSON body with nothing about it that a hook of ours could object to. */
export function isPlainPost(request: IncomingMessage): boolean {
  const { method, httpVersion, headers } = request
  const length = Number(headers['content-length'])
  if (method !== 'POST' || httpVersion !== '1.1' || !(length > 0 && length <= MAX_BYTES)) return false
  return TYPES.includes(headers['content-type']) && ODD.every((name) => headers[name] === undefined) && refusalOfHost(request) === undefined
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
