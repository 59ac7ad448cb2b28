import { describeError } from '#libs/platform'
import { ServiceRuntime } from '#libs/stage'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { parseApplied } from '../coverage/parse-applied.js'
import { Presence } from '../coverage/presence.js'
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
    if (url?.pathname !== PATH) socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    else this.sockets.handleUpgrade(request, socket, head, (client) => void this.serve(client, url.searchParams))
  }

  private async serve(client: WebSocket, query: URLSearchParams): Promise<void> {
    const bot = query.get('bot')?.slice(0, MAX_NAME_LENGTH) || undefined
    const region = query.get('region')?.slice(0, MAX_NAME_LENGTH) ?? ''
    const known = parseRevision(query.get('revision'))
    const socket = new StreamSocket(client, this.runtime.clock, bot !== undefined)
    client.on('error', (error) => this.runtime.log.debug({ bot, error: describeError(error) }, 'stream broke'))
    client.on('close', () => {
      this.broadcast.remove(socket)
      if (bot !== undefined) this.presence.left(bot, socket)
    })
    if (bot !== undefined) {
      this.presence.joined(bot, region, socket)
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
    socket.heard()
    const frame = parseApplied(text)
    if (frame === undefined) socket.refuse()
    else this.presence.applied(bot, socket, frame)
  }
}
