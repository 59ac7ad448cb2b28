import type { Problem } from '#libs/contracts'
import { describeError, toProblem } from '#libs/platform'
import { Access, ServiceRuntime, type Grant } from '#libs/stage'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { parseApplied } from '../coverage/parse-applied.js'
import { Presence } from '../coverage/presence.js'
import { requireRegion } from '../coverage/require-region.js'
import { Broadcast } from './broadcast.js'
import { DocumentCopy } from './document-copy.js'
import { parseRevision } from './prepared-frame.js'
import { StreamSocket } from './stream-socket.js'

const PATH = '/v1/stream'
const BASE = 'http://localhost'
const MAX_CLIENT_FRAME_BYTES = 256 * 1024
const MAX_NAME_LENGTH = 200

/** `GET /v1/stream`: a snapshot or what was missed, then every change as it is stored. Named bots answer with what they apply. */
@Injectable()
export class StreamGateway implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_CLIENT_FRAME_BYTES, perMessageDeflate: false })
  private server: Server | undefined

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly copy: DocumentCopy,
    private readonly presence: Presence,
    private readonly broadcast: Broadcast,
    private readonly adapter: HttpAdapterHost,
    private readonly access: Access,
  ) {}

  onApplicationBootstrap(): void {
    this.server = this.adapter.httpAdapter.getHttpServer() as Server
    this.server.on('upgrade', this.upgrade)
  }

  beforeApplicationShutdown(): void {
    this.server?.off('upgrade', this.upgrade)
    this.sockets.close()
  }

  private readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    // A path such as `//` is no URL, and an error here would end the process.
    const url = URL.canParse(request.url ?? '', BASE) ? new URL(request.url ?? '', BASE) : undefined
    if (url?.pathname !== PATH) return void socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    const reader = readerOf(url.searchParams)
    this.admit(request, reader)
      .then((grant) => this.sockets.handleUpgrade(request, socket, head, (client) => void this.serve(client, reader, grant)))
      .catch((error: unknown) => refuse(socket, toProblem(error, { method: 'GET', url: PATH }, this.runtime.log)))
  }

  /** Who is named may acknowledge, and so needs the key of that bot. */
  private async admit(request: IncomingMessage, { bot, region }: Reader): Promise<Grant> {
    const { method = 'GET', url = PATH, headers } = request
    const asked = { method, url, headers, body: Buffer.alloc(0), peer: request.socket.remoteAddress }
    const grant = await this.access.admit(asked, bot === undefined ? { what: 'values', dev: 'open' } : { what: { bot }, dev: 'loopback' })
    requireRegion(grant.actor?.region, region)
    return grant
  }

  private async serve(client: WebSocket, { bot, region, known }: Reader, { token, actor }: Grant): Promise<void> {
    const socket = new StreamSocket(client, this.runtime.clock, bot !== undefined)
    const release = token === undefined ? () => {} : this.access.tokens.hold(token, () => socket.expel())
    client.on('error', (error) => this.runtime.log.debug({ bot, error: describeError(error) }, 'stream broke'))
    client.on('close', () => {
      release()
      this.broadcast.remove(socket)
      if (bot !== undefined) this.presence.left(bot, socket)
    })
    if (bot !== undefined) {
      this.presence.joined(bot, actor?.region ?? region, socket)
      client.on('message', (data) => this.take(bot, socket, String(data)))
    }
    try {
      await this.copy.reach(known)
    } catch (error) {
      this.runtime.log.warn({ error: describeError(error) }, 'a reader could not be served')
      return socket.unavailable()
    }
    if (!socket.isOpen) return
    // Nothing is awaited between these two: no change can come between the first frame and those that follow.
    socket.open(this.copy.frameFor(known))
    this.broadcast.add(socket)
  }

  private take(bot: string, socket: StreamSocket, text: string): void {
    if (!socket.isOpen) return
    socket.heard()
    const frame = parseApplied(text)
    if (frame === undefined) socket.refuse()
    else this.presence.applied(bot, socket, frame)
  }
}

interface Reader {
  bot: string | undefined
  region: string
  known: number | undefined
}

function readerOf(query: URLSearchParams): Reader {
  return {
    bot: query.get('bot')?.slice(0, MAX_NAME_LENGTH) || undefined,
    region: query.get('region')?.slice(0, MAX_NAME_LENGTH) ?? '',
    known: parseRevision(query.get('revision')),
  }
}

function refuse(socket: Duplex, problem: Problem): void {
  const body = JSON.stringify(problem)
  const lines = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
