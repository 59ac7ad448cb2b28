import type { Problem } from '#libs/contracts'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** How long a client may take to read a refusal. */
export const REFUSAL_MS = 5_000

export interface UpgradeAnswer {
  status: number
  type: string
  body: string
  headers?: Readonly<Record<string, string>>
}

/**
 * Answers a socket that no HTTP server looks after any more, and closes it: Node detaches it at the upgrade, allows it to stay half open,
 * and would keep its descriptor for ever. Destroyed once the answer is flushed, or after `withinMs`.
 */
export function answerUpgrade(socket: Duplex, { status, type, body, headers = {} }: UpgradeAnswer, withinMs = REFUSAL_MS): void {
  if (!socket.writable) return void socket.destroy()
  const impatience = setTimeout(() => socket.destroy(), withinMs)
  impatience.unref()
  socket.once('close', () => clearTimeout(impatience))
  socket.once('finish', () => socket.destroy())
  // Unread bytes would turn the close into a reset, which can overtake the answer.
  socket.resume()
  const lines = Object.entries({ 'content-type': type, 'content-length': Buffer.byteLength(body), connection: 'close', ...headers })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
}

/** The refusal of an upgrade as every route refuses: a problem document. */
export function refuseUpgrade(socket: Duplex, problem: Problem, withinMs?: number): void {
  const again = problem.status === 429 || problem.status === 503
  const headers: Record<string, string> = again ? { 'retry-after': '2' } : {}
  answerUpgrade(socket, { status: problem.status, type: 'application/problem+json', body: JSON.stringify(problem), headers }, withinMs)
}
