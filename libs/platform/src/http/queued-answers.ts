import { HmsError } from '#libs/contracts'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Notifies all queued responses of a closed connection. Requests may be pipelined (RFC 9112 section 9.3.2). Node gives the connection to
 * one response at a time, and notifies only that one of the close: resources bound to the close of a response behind it would never be
 * released.
 */
export function closeQueuedAnswers(server: Server): void {
  const queued = new WeakMap<Socket, Set<ServerResponse>>()
  server.prependListener('request', ({ socket }, response) => {
    if (response.socket !== null) return
    const behind = queued.get(socket) ?? new Set()
    if (behind.size === 0 && !queued.has(socket)) socket.once('close', () => behind.forEach(tellClosed))
    queued.set(socket, behind.add(response))
    response.once('close', () => behind.delete(response))
  })
}

/** Marks a response as closed as Node does for the current one, including its private flag, which `finished()` reads. */
function tellClosed(response: ServerResponse): void {
  if (response.closed) return
  Object.assign(response, { destroyed: true, _closed: true })
  response.emit('close')
}

/**
 * Required before a stream takes a slot. Throws 400 if another response has the connection, because the stream would wait there unseen, and
 * if the client has disconnected, because nothing would end it.
 */
export function requireConnection(response: ServerResponse): void {
  if (response.socket !== null && !response.destroyed) return
  if (!response.headersSent) response.setHeader('connection', 'close')
  const detail = 'A stream needs a connection of its own: an earlier request on this one has no answer yet.'
  throw new HmsError('HMS_HTTP_BAD_REQUEST', detail, { status: 400 })
}
