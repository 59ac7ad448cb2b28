import type { Problem } from '#libs/contracts'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Time that a client has to read a refusal. */
export const REFUSAL_MS = 5_000

export interface UpgradeAnswer {
  status: number
  type: string
  body: string
  headers?: Readonly<Record<string, string>>
}

/**
 * Responds on a socket that no HTTP server manages any more, and closes it: Node detaches it at the upgrade, allows it to stay half open,
 * and would never release its descriptor. It is destroyed once the response is flushed, or after `withinMs`.
 */
export function answerUpgrade(socket: Duplex, { status, type, body, headers = {} }: UpgradeAnswer, withinMs = REFUSAL_MS): void {
  if (!socket.writable) return void socket.destroy()
  const impatience = setTimeout(() => socket.destroy(), withinMs)
  impatience.unref()
  socket.once('close', () => clearTimeout(impatience))
  socket.once('finish', () => socket.destroy())
  // Unread bytes would turn the close into a reset, which can overtake the response.
  socket.resume()
  const lines = Object.entries({ 'content-type': type, 'content-length': Buffer.byteLength(body), connection: 'close', ...headers })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
}

/** Refuses an upgrade as every route does: with a problem document. */
export function refuseUpgrade(socket: Duplex, problem: Problem, withinMs?: number): void {
  const again = problem.status === 429 || problem.status === 503
  const headers: Record<string, string> = again ? { 'retry-after': '2' } : {}
  answerUpgrade(socket, { status: problem.status, type: 'application/problem+json', body: JSON.stringify(problem), headers }, withinMs)
}
