import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How long a client may read nothing of what waits for it. */
const UNREAD_MS = 60_000
const CHECKS = 6

/** What Node keeps of a connection that writes. */
type Writing = Socket & { _handle?: { writeQueueSize?: number } | null }

/**
 * Ends connections whose client reads nothing: a response that nobody reads would be kept for ever, and a process holds as many as it has
 * connections. Progress counts, however slow, and a connection with nothing to write is left alone. For every server, streams included.
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
      // What is queued on and on behind a write that stands still is no progress.
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
