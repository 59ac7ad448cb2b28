import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** What belongs to the offer and not to the request. */
const OF_THE_OFFER = new Set(['upgrade', 'http2-settings'])

/**
 * Answers requests as if they had offered no other protocol (RFC 9110 §7.8: a server may ignore the offer). Node takes the socket from
 * its parser before it asks anybody, so the request is put back in front of what followed it, without the offer, and the socket is given
 * to the server anew.
 */
export class PlainRequests {
  private readonly answering = new WeakMap<Duplex, ServerResponse>()

  constructor(private readonly server: Server) {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => this.answering.set(request.socket, response))
  }

  /** `handBack` is called just before the server has the socket again, and looks after its errors. */
  answer(request: IncomingMessage, head: Buffer, handBack: () => void): void {
    const { socket } = request
    const again = (): void => {
      if (socket.destroyed) return
      handBack()
      // The pause between two requests is over; the answer before this one may have begun it just now.
      socket.setTimeout(this.server.timeout)
      socket.unshift(Buffer.concat([Buffer.from(textOf(request), 'latin1'), head]))
      this.server.emit('connection', socket)
    }
    // Answers go out in the order of their requests, which the server keeps by connection: it must be done with those before.
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
