import type { StreamFrame } from '#libs/contracts'
import { WebSocket } from 'ws'

/** Reader over a real socket that records the received frames. */
export class Follower {
  readonly frames: StreamFrame[] = []
  readonly closed: Promise<number>
  private waiting: (() => void)[] = []

  constructor(readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        this.look()
        resolve(code)
      })
    })
    socket.on('error', () => {})
    socket.on('message', (data) => {
      this.frames.push(JSON.parse(String(data)) as StreamFrame)
      this.look()
    })
  }

  static stream(url: string, query: Record<string, string> = {}, options: { autoPong?: boolean } = {}): Follower {
    return new Follower(new WebSocket(`${url.replace('http', 'ws')}/v1/stream?${new URLSearchParams(query)}`, options))
  }

  /** Resolves to the frame number `index` when it arrives. */
  async frame(index: number): Promise<StreamFrame> {
    while (this.frames[index] === undefined) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return this.frames[index]
  }

  /** Resolves to the first frame for which `holds` is true, regardless of heartbeats before it. */
  async first(holds: (frame: StreamFrame) => boolean): Promise<StreamFrame> {
    for (let index = 0; ; index++) {
      const frame = await this.frame(index)
      if (holds(frame)) return frame
    }
  }

  /** Resolves at the next ping, which the socket answers itself. */
  pinged(): Promise<void> {
    return new Promise((resolve) => this.socket.once('ping', () => resolve()))
  }

  applied(revision: number, applied: Record<string, string>): void {
    this.socket.send(JSON.stringify({ type: 'applied', revision, applied }))
  }

  private look(): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}
