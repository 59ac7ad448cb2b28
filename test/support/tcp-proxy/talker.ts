import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** One end of a connection in a test: the bytes it received, and how the connection ended for it. */
export class Talker {
  /** Each chunk as it arrived. */
  readonly chunks: Buffer[] = []
  /** 'end', or the code of the error. */
  readonly over: Promise<string>
  private length = 0
  private look: () => void = () => {}

  constructor(readonly socket: Socket) {
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk)
      this.length += chunk.length
      this.look()
    })
    this.over = new Promise((resolve) => {
      socket.once('end', () => resolve('end'))
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    })
  }

  static async dial(port: number): Promise<Talker> {
    const talker = new Talker(connect(port, '127.0.0.1'))
    await Promise.race([once(talker.socket, 'connect'), talker.over])
    return talker
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }

  say(words: string | Buffer): void {
    this.socket.write(words)
  }

  /** Resolves when `bytes` bytes were received in all. */
  async heard(bytes: number): Promise<Buffer> {
    while (this.length < bytes) await new Promise<void>((resolve) => (this.look = resolve))
    return Buffer.concat(this.chunks)
  }
}

/** Sends back what it receives. */
export class EchoServer {
  private readonly guests: Talker[] = []
  private arrived: () => void = () => {}

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.guests.push(new Talker(socket))
      socket.pipe(socket)
      this.arrived()
    })
  }

  static async start({ port = 0 } = {}): Promise<EchoServer> {
    const server = createServer({ noDelay: true })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return new EchoServer(server)
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** How many have dialled. */
  get visits(): number {
    return this.guests.length
  }

  /** The server's end of the nth connection, from 0. */
  async guest(n: number): Promise<Talker> {
    while (this.guests.length <= n) await new Promise<void>((resolve) => (this.arrived = resolve))
    return this.guests[n]!
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    for (const { socket } of this.guests) socket.destroy()
    await closed
  }
}
