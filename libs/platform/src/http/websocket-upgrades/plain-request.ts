import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Headers of the offer, which are not part of the request. */
const OF_THE_OFFER = new Set(['upgrade', 'http2-settings'])

/**
 * Serves requests as if they offered no other protocol (RFC 9110 §7.8: a server may ignore the offer). Node detaches the socket from its
 * parser first, so the request, without the offer, is put back before the bytes that followed it, and the server gets the socket again.
 */
export class PlainRequests {
  private readonly answering = new WeakMap<Duplex, ServerResponse>()

  constructor(private readonly server: Server) {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => this.answering.set(request.socket, response))
  }

  /** Serves a request after earlier responses. `handBack`: removes the caller's error listener before the server takes the socket over. */
  answer(request: IncomingMessage, head: Buffer, handBack: () => void): void {
    const { socket } = request
    const again = (): void => {
      if (socket.destroyed) return
      handBack()
      // The idle timeout between two requests ends here; the previous response may have set it just now.
      socket.setTimeout(this.server.timeout)
      socket.unshift(Buffer.concat([Buffer.from(textOf(request), 'latin1'), head]))
      this.server.emit('connection', socket)
    }
    // Responses are sent in the order of their requests, which the server tracks per connection: earlier ones must be complete.
    const before = this.answering.get(socket)
    if (before === undefined || before.closed) again()
    else before.once('close', again)
  }
}

function textOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at]!, rawHeaders[at + 1]!]
    const kept = name.toLowerCase() === 'connection' ? withoutOffer(value) : value
    if (!OF_THE_OFFER.has(name.toLowerCase()) && kept !== '') lines.push(`${name}: ${kept}\r\n`)
  }
  return `${method} ${url} HTTP/${httpVersion}\r\n${lines.join('')}\r\n`
}

function withoutOffer(connection: string): string {
  return connection
    .split(',')
    .map((option) => option.trim())
    .filter((option) => !OF_THE_OFFER.has(option.toLowerCase()))
    .join(', ')
}
