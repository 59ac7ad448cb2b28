import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { REVISION_HEADER, type AppliedFrame, type ConfigDocument, type StreamFrame } from '#libs/contracts'

/** Queues items until a test takes them, so that no item is missed and no test sleeps. */
class Queue<T> {
  private readonly items: T[] = []
  private readonly waiting: ((item: T) => void)[] = []

  put(item: T): void {
    const waiter = this.waiting.shift()
    if (waiter === undefined) this.items.push(item)
    else waiter(item)
  }

  take(): Promise<T> {
    const item = this.items.shift()
    return item === undefined ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve(item)
  }
}

export interface Visitor {
  query: URLSearchParams
  authorization: string | undefined
  /** Lowest revision that the client accepts, from its request header. */
  atLeast: string | undefined
  send(type: StreamFrame['type'], revision: number, documents?: ConfigDocument[]): void
  sendText(text: string): void
  drop(): void
  applied(): Promise<AppliedFrame>
  /** Resolves when the client has left. */
  disconnected: Promise<void>
}

/** Server of `/v1/stream` for tests; other requests are handled by `answer`. */
export class StreamServer {
  private readonly visitors = new Queue<Visitor>()
  private readonly http = createServer((request, response) => this.answer(request, response))
  private readonly sockets = new WebSocketServer({ noServer: true })

  /** Error response for all stream requests, if set. */
  refuse: { status: number; problem: unknown } | undefined
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.writeHead(404).end()

  async start(port = 0): Promise<string> {
    this.http.on('upgrade', (request, socket, head) => {
      if (this.refuse !== undefined) {
        const headers = 'content-type: application/problem+json\r\nconnection: close'
        socket.end(`HTTP/1.1 ${this.refuse.status} No\r\n${headers}\r\n\r\n${JSON.stringify(this.refuse.problem)}`)
        return
      }
      this.sockets.handleUpgrade(request, socket, head, (client) => this.visitors.put(visitorOf(client, request)))
    })
    this.http.listen(port, '127.0.0.1')
    await once(this.http, 'listening')
    return `http://127.0.0.1:${this.port}`
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port
  }

  visitor(): Promise<Visitor> {
    return this.visitors.take()
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate()
    this.sockets.close()
    this.http.closeAllConnections()
    if (this.http.listening) await new Promise((resolve) => this.http.close(resolve))
  }
}

function visitorOf(socket: WebSocket, request: IncomingMessage): Visitor {
  const frames = new Queue<AppliedFrame>()
  socket.on('message', (data) => frames.put(JSON.parse(String(data)) as AppliedFrame))
  return {
    query: new URL(request.url ?? '', 'http://server').searchParams,
    authorization: request.headers.authorization,
    atLeast: request.headers[REVISION_HEADER] as string | undefined,
    send: (type, revision, documents = []) => socket.send(JSON.stringify({ type, revision, changes: [], documents })),
    sendText: (text) => socket.send(text),
    drop: () => socket.terminate(),
    applied: () => frames.take(),
    disconnected: new Promise((resolve) => socket.once('close', () => resolve())),
  }
}
