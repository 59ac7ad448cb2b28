import type { ConfigDocument, Envelope, StreamFrame } from '#libs/contracts'
import type { PageSocket, SocketEvents } from '../page-transports.js'

/** Sockets that a page opens; the test acts as their server. */
export class FakeSockets {
  readonly opened: FakeSocket[] = []
  private readonly waiting: ((socket: FakeSocket) => void)[] = []

  readonly open = (url: string): FakeSocket => {
    const socket = new FakeSocket(new URL(url))
    this.opened.push(socket)
    this.waiting.shift()?.(socket)
    return socket
  }

  /** Resolves with the next opened socket. */
  next(): Promise<FakeSocket> {
    return new Promise((resolve) => this.waiting.push(resolve))
  }
}

export class FakeSocket implements PageSocket {
  closed = false
  private readonly listeners = new Map<keyof SocketEvents, (event: never) => void>()

  constructor(readonly url: URL) {}

  addEventListener<T extends keyof SocketEvents>(type: T, listener: (event: SocketEvents[T]) => void): void {
    this.listeners.set(type, listener)
  }

  close(): void {
    this.closed = true
  }

  accept(): this {
    this.emit('open', {})
    return this
  }

  send(type: StreamFrame['type'], revision: number, documents: readonly ConfigDocument[] = [], freshness?: Envelope): void {
    const members = type === 'heartbeat' ? {} : { changes: [], documents }
    this.sendText(JSON.stringify({ type, revision, ...members, freshness }))
  }

  sendText(text: string): void {
    this.emit('message', { data: text })
  }

  drop(code = 1006): void {
    this.emit('close', { code, reason: '' })
  }

  private emit<T extends keyof SocketEvents>(type: T, event: SocketEvents[T]): void {
    ;(this.listeners.get(type) as ((event: SocketEvents[T]) => void) | undefined)?.(event)
  }
}
