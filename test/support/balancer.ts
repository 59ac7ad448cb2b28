import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** One address before several, as a Service of Kubernetes is: each connection goes to the next of them that takes it. */
export class Balancer {
  private turn = 0
  private readonly open = new Set<Socket>()

  private constructor(
    private readonly server: Server,
    private readonly ports: readonly number[],
    readonly url: string,
  ) {
    server.on('connection', (client) => this.dial(client, this.ports.length))
  }

  static async start(ports: readonly number[]): Promise<Balancer> {
    const server = createServer({ noDelay: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Balancer(server, ports, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    for (const socket of this.open) socket.destroy()
    await closed
  }

  /** `left`: how many are still to be asked for this connection. */
  private dial(client: Socket, left: number): void {
    this.hold(client)
    const upstream = connect({ host: '127.0.0.1', port: this.ports[this.turn++ % this.ports.length]!, noDelay: true })
    const next = (): void => void (left > 1 && !client.destroyed ? this.dial(client, left - 1) : client.destroy())
    upstream.once('error', next)
    upstream.once('connect', () => {
      upstream.off('error', next)
      this.hold(upstream)
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        one.once('close', () => other.destroy())
        one.pipe(other)
      }
    })
  }

  private hold(socket: Socket): void {
    if (this.open.has(socket)) return
    this.open.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.open.delete(socket))
  }
}
