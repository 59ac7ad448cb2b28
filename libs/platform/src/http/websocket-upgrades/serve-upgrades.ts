import { HmsError, type Problem } from '#libs/contracts'
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { refuseUpgrade } from './answer-upgrade.js'
import { contained } from './contained.js'
import { PlainRequests } from './plain-request.js'

export interface UpgradeDoor {
  /** The one path that upgrades to WebSocket. */
  path: string
  /** Takes the socket over. What it throws or rejects with is answered to the client. */
  open(upgrade: Upgrade): void | Promise<void>
  problemOf(error: unknown, request: { method: string; url: string; headers?: IncomingHttpHeaders }): Problem
}

export interface Upgrade {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
  /** Path and query as asked for. */
  target: URL
}

/**
 * The one way in for upgrades of a server: an offer of another protocol than WebSocket is answered as the plain request it came with, a
 * WebSocket for another path gets 404, and nothing that is thrown here leaves the listener. Returns what closes the door: from then on each
 * WebSocket gets 503, for a server without the listener would say that there is no such path.
 */
export function serveUpgrades(server: Server, door: UpgradeDoor): () => void {
  const plain = new PlainRequests(server)
  let closed = false
  const listener = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const onError = (): void => void socket.destroy()
    socket.on('error', onError)
    contained(() => {
      if (asksForWebSocket(request)) return void admit(closed ? { ...door, open: refuse } : door, { request, socket, head })
      plain.answer(request, head, () => socket.off('error', onError))
    }, onError)()
  }
  server.on('upgrade', listener)
  return () => {
    closed = true
  }
}

function refuse(): never {
  throw new HmsError('HMS_HTTP_UNAVAILABLE', 'This process stops. Try again.', { status: 503, retryable: true })
}

/** Never rejects. */
async function admit({ path, open, problemOf }: UpgradeDoor, asked: Omit<Upgrade, 'target'>): Promise<void> {
  const { method = 'GET', url = '' } = asked.request
  try {
    const target = targetOf(url)
    if (target?.pathname !== path)
      throw new HmsError('HMS_HTTP_PATH_UNKNOWN', `No WebSocket is served at ${url.split('?')[0]}, only at ${path}.`, { status: 404 })
    await open({ ...asked, target })
  } catch (error) {
    contained(
      () => refuseUpgrade(asked.socket, problemOf(error, { method, url: path, headers: asked.request.headers })),
      () => asked.socket.destroy(),
    )()
  }
}

/** The handshake is a GET (RFC 6455 §4.1); any other request that names the protocol is a plain request. */
function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  const offered = (headers.upgrade ?? '').split(',').map((protocol) => protocol.trim().toLowerCase())
  return method === 'GET' && offered.includes('websocket')
}

/** The whole target counts as path and query: `//host/path` and `http://host/path` lead to no path of ours. */
function targetOf(url: string): URL | undefined {
  const text = `http://localhost${url}`
  return url.startsWith('/') && URL.canParse(text) ? new URL(text) : undefined
}
