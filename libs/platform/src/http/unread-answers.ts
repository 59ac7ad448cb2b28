import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** Time that a client may leave pending data unread. */
const UNREAD_MS = 60_000
const CHECKS = 6

/** Node's internal state of a writing connection. */
type Writing = Socket & { _handle?: { writeQueueSize?: number } | null }

/**
 * Closes connections whose client does not read: an unread response would be kept for ever, one per connection. Any progress counts,
 * however slow, and a connection with nothing to write is left alone. For every server, including streams.
 */
export function endUnreadAnswers(server: Server, unreadMs = UNREAD_MS): void {
  const open = new Map<Writing, { progress: string; checks: number }>()
  server.on('connection', (socket: Writing) => {
    if (open.has(socket)) return
    open.set(socket, { progress: '', checks: 0 })
    socket.once('close', () => open.delete(socket))
  })
  const check = (): void => {
    for (const [socket, seen] of open) {
      if (socket.writableLength === 0) {
        seen.checks = 0
        continue
      }
      // Data queued behind a stalled write are no progress.
      const progress = `${socket.bytesWritten - socket.writableLength} ${socket._handle?.writeQueueSize ?? 0}`
      seen.checks = progress === seen.progress ? seen.checks + 1 : 0
      seen.progress = progress
      if (seen.checks >= CHECKS) socket.destroy()
    }
  }
  const timer = setInterval(check, unreadMs / CHECKS)
  timer.unref()
  server.once('close', () => clearInterval(timer))
}
