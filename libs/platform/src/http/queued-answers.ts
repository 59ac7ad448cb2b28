import { HmsError } from '#libs/contracts'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Requests may come one behind the other without waiting (RFC 9112 section 9.3.2). Node gives the connection to one answer at a time, and
 * tells only that one when it closes: whatever hangs on the close of an answer behind it would stay for good. Here all of them are told.
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

/** As Node does for the answer that has the connection, its private mark included: `finished()` looks at that. */
function tellClosed(response: ServerResponse): void {
  if (response.closed) return
  Object.assign(response, { destroyed: true, _closed: true })
  response.emit('close')
}

/**
 * Before a stream takes its place: throws 400 when another answer has the connection, for it would wait there unseen, and when the client
 * is gone already, for nothing would ever end it.
 */
export function requireConnection(response: ServerResponse): void {
  if (response.socket !== null && !response.destroyed) return
  if (!response.headersSent) response.setHeader('connection', 'close')
  const detail = 'A stream needs a connection of its own: an earlier request on this one has no answer yet.'
  throw new HmsError('HMS_HTTP_BAD_REQUEST', detail, { status: 400 })
}
