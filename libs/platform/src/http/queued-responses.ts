import { HmsError } from '#libs/contracts'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Emits `close` on all queued responses of a closed connection with pipelined requests (RFC 9112 section 9.3.2). Node gives the connection
 * to one response at a time and emits `close` only on that one, so the resources of later responses would never be released.
 */
export function closeQueuedResponses(server: Server): void {
  const queued = new WeakMap<Socket, Set<ServerResponse>>()
  server.prependListener('request', ({ socket }, response) => {
    if (response.socket !== null) return
    const waiting = queued.get(socket) ?? new Set()
    if (!queued.has(socket)) socket.once('close', () => waiting.forEach(emitClose)) // guard: queued-answers-closed
    queued.set(socket, waiting.add(response))
    response.once('close', () => waiting.delete(response))
  })
}

/** Marks a response as closed as Node does for the current one, including its private flag, which `finished()` reads. */
function emitClose(response: ServerResponse): void {
  if (response.closed) return
  Object.assign(response, { destroyed: true, _closed: true })
  response.emit('close')
}

/** Throws 400 if a stream would wait behind another response or, without a client, never end. Call it before the stream takes a slot. */
export function requireConnection(response: ServerResponse): void {
  if (response.socket !== null && !response.destroyed) return // guard: stream-own-connection
  if (!response.headersSent) response.setHeader('connection', 'close')
  const detail = 'A stream needs a connection of its own: an earlier request on this connection has no response yet.'
  throw new HmsError('HMS_HTTP_BAD_REQUEST', detail, { status: 400 })
}

/** Time that a client may leave pending data unread. */
const UNREAD_MS = 60_000
const MAX_STALLED_CHECKS = 6

/** Node's internal state of a writing connection. */
type Writing = Socket & { _handle?: { writeQueueSize?: number } | null }

/** Closes connections whose client does not read, which would keep responses for ever. Any progress counts. For every server. */
export function endUnreadResponses(server: Server, unreadMs = UNREAD_MS): void {
  const open = new Map<Writing, { progress: string; checks: number }>()
  server.on('connection', (socket: Writing) => {
    if (open.has(socket)) return
    open.set(socket, { progress: '', checks: 0 })
    socket.once('close', () => open.delete(socket))
  })
  const check = (): void => {
    for (const [socket, state] of open) {
      if (socket.writableLength === 0) {
        state.checks = 0
        continue
      }
      // `bytesWritten` also counts queued data, which are no progress behind a stalled write.
      const progress = `${socket.bytesWritten - socket.writableLength} ${socket._handle?.writeQueueSize ?? 0}`
      state.checks = progress === state.progress ? state.checks + 1 : 0
      state.progress = progress
      if (state.checks >= MAX_STALLED_CHECKS) socket.destroy() // guard: unread-answers
    }
  }
  const timer = setInterval(check, unreadMs / MAX_STALLED_CHECKS)
  timer.unref()
  server.once('close', () => clearInterval(timer))
}
