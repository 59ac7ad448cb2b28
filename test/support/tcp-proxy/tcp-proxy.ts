import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Flow, reset } from './flow.js'
import type { Toxic } from './toxic.js'

export interface Upstream {
  host: string
  port: number
}

/**
 * A TCP proxy on the loopback that stands between a client and its server and makes the network bad (`toxics.ts`, `cut-after.ts`). It
 * dials the server for each connection, so that the server may go and come back; while it is gone, clients are reset.
 *
 * A Kafka broker sends its clients to its advertised listener: that has to name the proxy's port, or only the first request comes this way.
 */
export class TcpProxy {
  private readonly toxics = new Set<Toxic>()
  private readonly open = new Set<Connection>()

  private constructor(
    private readonly server: Server,
    private readonly upstream: Upstream,
    readonly port: number,
  ) {
    server.on('connection', (client) => this.accept(client))
  }

  /** `port`: where to listen; any free one without it. */
  static async start(upstream: Upstream, { port = 0 } = {}): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    await new Promise<void>((resolve, fail) => {
      server.once('error', fail)
      server.listen(port, '127.0.0.1', resolve)
    })
    return new TcpProxy(server, upstream, (server.address() as AddressInfo).port)
  }

  /** host:port, as Kafka clients write it. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** How many connections are open. */
  get connections(): number {
    return this.open.size
  }

  /** The same URL through the proxy. */
  url(original: string): string {
    const url = new URL(original)
    url.hostname = '127.0.0.1'
    url.port = String(this.port)
    return url.href
  }

  /** Holds for open and new connections until the returned function, or calm(), lifts it. */
  apply(toxic: Toxic): () => void {
    this.toxics.add(toxic)
    for (const connection of this.open) connection.infect(toxic)
    return () => this.lift(toxic)
  }

  /** Lifts all toxics. */
  calm(): void {
    for (const toxic of this.toxics) this.lift(toxic)
  }

  /** Resets all open connections, both sides. */
  cut(): void {
    for (const connection of this.open) connection.reset()
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    this.cut()
    await closed
  }

  private lift(toxic: Toxic): void {
    if (!this.toxics.delete(toxic)) return
    for (const connection of this.open) connection.lift(toxic)
  }

  private accept(client: Socket): void {
    if ([...this.toxics].some(({ refuses }) => refuses)) {
      client.on('error', () => {})
      reset(client)
      return
    }
    const connection: Connection = new Connection(client, this.upstream, () => this.open.delete(connection))
    this.open.add(connection)
    for (const toxic of this.toxics) connection.infect(toxic)
  }
}

class Connection {
  private readonly server: Socket
  private readonly flows: { up: Flow; down: Flow }
  private sides = 2

  constructor(
    private readonly client: Socket,
    upstream: Upstream,
    private readonly closed: () => void,
  ) {
    this.server = connect({ ...upstream, allowHalfOpen: true, noDelay: true })
    for (const socket of [client, this.server]) {
      socket.on('error', () => {}) // 'close' says so too, and the flow passes it on
      socket.once('close', () => this.sideClosed())
    }
    const means = { reset: () => this.reset(), abandonClient: () => this.abandonClient() }
    this.flows = { up: new Flow('up', client, this.server, means), down: new Flow('down', this.server, client, means) }
  }

  infect(toxic: Toxic): void {
    for (const flow of [this.flows.up, this.flows.down]) flow.infect(toxic)
  }

  lift(toxic: Toxic): void {
    for (const flow of [this.flows.up, this.flows.down]) flow.lift(toxic)
  }

  reset(): void {
    reset(this.client)
    reset(this.server)
  }

  private abandonClient(): void {
    this.flows.up.endEarly()
    reset(this.client)
  }

  private sideClosed(): void {
    this.sides -= 1
    if (this.sides > 0) return
    for (const flow of [this.flows.up, this.flows.down]) flow.stop()
    this.closed()
  }
}
