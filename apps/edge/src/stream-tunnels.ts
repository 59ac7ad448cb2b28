import { HmsError } from '#libs/contracts'
import { describeError, toProblem, type Logger } from '#libs/platform'
import { request as requestHttp, STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Duplex } from 'node:stream'

const PATH = '/v1/stream'
const HANDSHAKE_MS = 10_000
const MAX_REFUSAL_BYTES = 64 * 1024

/** Who asked, for services that trust loopback with profile dev. */
export function forwardedFor({ headers, socket }: { headers: IncomingHttpHeaders; socket: { remoteAddress?: string } }): { 'x-forwarded-for': string } {
  return { 'x-forwarded-for': [headers['x-forwarded-for'] ?? [], socket.remoteAddress ?? 'unknown'].flat().join(', ') }
}

/**
 * WebSocket upgrades, passed on byte for byte: the reader's key reaches config-store, and its refusal, with status and body, the reader. A
 * proxy that accepts first would turn every refusal into a connection that opens and breaks.
 */
export class StreamTunnels {
  private readonly sockets = new Set<Duplex>()

  constructor(
    private readonly upstream: () => string,
    private readonly log: Logger,
  ) {}

  open(request: IncomingMessage, reader: Duplex, head: Buffer): void {
    this.hold(reader)
    const search = searchOf(request.url ?? '')
    if (search === undefined) return answer(reader, 404, 'text/plain', '')
    // From the instance's own address: what the reader wrote says nothing about where to go.
    const url = new URL(PATH + search, this.upstream())
    const call = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, { headers: { ...request.headers, host: url.host, ...forwardedFor(request) } })
    const impatience = setTimeout(() => call.destroy(new Error('no answer in time')), HANDSHAKE_MS)
    reader.once('close', () => call.destroy())
    call.once('close', () => clearTimeout(impatience))
    call.once('upgrade', (response, store, storeHead) => {
      clearTimeout(impatience)
      this.hold(store)
      reader.write(`HTTP/1.1 101 Switching Protocols\r\n${linesOf(response.rawHeaders)}\r\n`)
      reader.write(storeHead)
      store.write(head)
      join(reader, store)
    })
    call.once('response', (response) => void relay(response, reader))
    call.once('error', (error) => {
      if (reader.destroyed) return
      this.log.warn({ error: describeError(error) }, 'a stream could not be opened')
      const unavailable = new HmsError('HMS_HTTP_UNAVAILABLE', 'No config-store answers at the moment. Try again.', { status: 503 })
      answer(reader, 503, 'application/problem+json', JSON.stringify(toProblem(unavailable, { method: 'GET', url: PATH }, this.log)), 'retry-after: 2')
    })
    call.end()
  }

  /** Readers come again, to another edge or to this one when it is back. */
  close(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  private hold(socket: Duplex): void {
    this.sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.sockets.delete(socket))
  }
}

function join(reader: Duplex, store: Duplex): void {
  for (const [one, other] of [[reader, store], [store, reader]] as const) {
    one.once('close', () => other.destroy())
    one.pipe(other)
  }
}

/** The query of a request for the stream, `undefined` for any other path. */
function searchOf(target: string): string | undefined {
  const url = target.startsWith('/') && URL.canParse(`http://edge${target}`) ? new URL(`http://edge${target}`) : undefined
  return url?.pathname === PATH ? url.search : undefined
}

function linesOf(rawHeaders: readonly string[]): string {
  return rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
}

async function relay(response: IncomingMessage, reader: Duplex): Promise<void> {
  let body = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += String(chunk)
      if (body.length > MAX_REFUSAL_BYTES) break
    }
  } catch {
    // Cut off: the status alone has to do.
  }
  answer(reader, response.statusCode ?? 502, response.headers['content-type'] ?? 'text/plain', body)
}

function answer(reader: Duplex, status: number, type: string, body: string, ...more: string[]): void {
  const headers = [`content-type: ${type}`, `content-length: ${Buffer.byteLength(body)}`, 'connection: close', ...more]
  reader.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headers.join('\r\n')}\r\n\r\n${body}`)
}
