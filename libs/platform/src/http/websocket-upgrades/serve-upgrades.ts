import { HmsError, type Problem } from '#libs/contracts'
import { type IncomingHttpHeaders, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { CHALLENGES } from '../problem.js'
import { PlainRequests } from './plain-request.js'

export interface UpgradeEndpoint {
  /** The only path that upgrades to WebSocket. */
  path: string
  /** Takes over the socket. An error that it throws is sent to the client. */
  open(upgrade: Upgrade): void | Promise<void>
  problemOf(error: unknown, request: { method: string; url: string; headers?: IncomingHttpHeaders }): Problem
}

export interface Upgrade {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
  target: URL
}

/**
 * Handles all upgrades of a server: an offer of another protocol is served as a plain request, a WebSocket for another path gets 404, and
 * no error leaves the listener. Returns a function that stops accepting: each WebSocket then gets 503, not the 404 of a missing listener.
 */
export function serveUpgrades(server: Server, endpoint: UpgradeEndpoint): () => void {
  const plain = new PlainRequests(server)
  let closed = false
  const listener = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const onError = (): void => void socket.destroy()
    socket.on('error', onError)
    contained(() => {
      // guards: closed-door, plain-offer
      if (asksForWebSocket(request)) return void admit(closed ? { ...endpoint, open: refuse } : endpoint, { request, socket, head })
      plain.answer(request, head, () => socket.off('error', onError))
    }, onError)()
  }
  server.on('upgrade', listener)
  // Node 26 no longer hands over the body of such a request, so a plain one has to stay with its parser.
  if (Number.parseInt(process.versions.node) >= 26) Object.assign(server, { shouldUpgradeCallback: asksForWebSocket })
  return () => {
    closed = true
  }
}

function refuse(): never {
  throw new HmsError('HMS_HTTP_UNAVAILABLE', 'This process stops. Try again.', { status: 503, retryable: true })
}

/** Opens or refuses a WebSocket. Never rejects. */
async function admit({ path, open, problemOf }: UpgradeEndpoint, asked: Omit<Upgrade, 'target'>): Promise<void> {
  const { method = 'GET', url = '' } = asked.request
  try {
    const target = targetOf(url)
    if (target?.pathname !== path)
      throw new HmsError('HMS_HTTP_PATH_UNKNOWN', `No WebSocket is served at ${url.split('?')[0]}, only at ${path}.`, { status: 404 })
    await open({ ...asked, target })
  } catch (error) {
    // guard: contained-listener
    contained(
      () => refuseUpgrade(asked.socket, problemOf(error, { method, url: path, headers: asked.request.headers })),
      () => asked.socket.destroy(),
    )()
  }
}

/** Whether a request is a WebSocket handshake, a GET (RFC 6455 §4.1); any other request that names the protocol is a plain request. */
function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  const offered = (headers.upgrade ?? '').split(',').map((protocol) => protocol.trim().toLowerCase())
  return method === 'GET' && offered.includes('websocket')
}

/** Parses the whole target as path and query: `//host/path` and `http://host/path` match none of our paths. */
function targetOf(url: string): URL | undefined {
  const text = `http://localhost${url}`
  return url.startsWith('/') && URL.canParse(text) ? new URL(text) : undefined
}

/** Time that a client has to read a refusal. */
export const REFUSAL_MS = 5_000

export interface UpgradeAnswer {
  status: number
  type: string
  body: string
  headers?: Readonly<Record<string, string>>
}

/** Responds on a detached socket, and destroys it once the response is flushed or `withinMs` is over: Node would leave it half open. */
export function answerUpgrade(socket: Duplex, { status, type, body, headers = {} }: UpgradeAnswer, withinMs = REFUSAL_MS): void {
  if (!socket.writable) return void socket.destroy()
  const impatience = setTimeout(() => socket.destroy(), withinMs) // guard: refused-upgrade-late
  impatience.unref()
  socket.once('close', () => clearTimeout(impatience))
  socket.once('finish', () => socket.destroy()) // guard: refused-upgrade-flushed
  // Unread bytes would turn the close into a reset, which can overtake the response.
  socket.resume()
  const lines = Object.entries({ 'content-type': type, 'content-length': Buffer.byteLength(body), connection: 'close', ...headers })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
}

export function refuseUpgrade(socket: Duplex, problem: Problem, withinMs?: number): void {
  const again = problem.status === 429 || problem.status === 503
  const headers: Record<string, string> = again ? { 'retry-after': '2' } : {}
  if (problem.status === 401) headers['www-authenticate'] = CHALLENGES.join(', ')
  answerUpgrade(socket, { status: problem.status, type: 'application/problem+json', body: JSON.stringify(problem), headers }, withinMs)
}

/** Wraps a listener so that its errors are passed to `onThrow` instead of ending the process: an emitter does not catch them. */
export function contained<A extends unknown[]>(listener: (...args: A) => void, onThrow: (error: unknown) => void): (...args: A) => void {
  return (...args) => {
    try {
      listener(...args)
    } catch (error) {
      onThrow(error)
    }
  }
}
