import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { clientOf, type TrustedProxies } from './client-address.js'

export interface ConnectionBounds {
  /** Per client; trusted proxies have no such limit. */
  perClient: number
  all: number
}

/** Additional connections accepted above the limit, for probes: a probe is recognised by its path, which is not known when it connects. */
const RESERVE = 64

/** Tracks the connections of a server, and which of them exceed its limits. */
export class ConnectionCounts {
  private readonly known = new WeakSet<object>()
  private readonly surplus = new WeakMap<object, 'client' | 'all'>()
  private readonly byClient = new Map<string, number>()
  private open = 0

  constructor(
    private readonly bounds: ConnectionBounds,
    private readonly trusted: TrustedProxies,
  ) {}

  watch(server: Server): void {
    // A connection whose upgrade offer was ignored is emitted a second time.
    server.prependListener('connection', (socket: Socket) => {
      if (!this.known.has(socket)) this.take(socket)
    })
  }

  /** Returns which limit a connection exceeds: its client's, or the total. The caller refuses the connection's requests, except probes. */
  surplusOf(socket: object): 'client' | 'all' | undefined {
    return this.surplus.get(socket)
  }

  private take(socket: Socket): void {
    this.known.add(socket)
    const address = socket.remoteAddress ?? ''
    const client = this.trusted.has(address) ? undefined : clientOf(address)
    const mine = client === undefined ? 0 : (this.byClient.get(client) ?? 0)
    if (this.open >= this.bounds.all + RESERVE || mine >= this.bounds.perClient + RESERVE) return void socket.destroy()
    if (mine >= this.bounds.perClient) this.surplus.set(socket, 'client') // guard: flood-connections
    else if (this.open >= this.bounds.all) this.surplus.set(socket, 'all')
    this.open++
    if (client !== undefined) this.byClient.set(client, mine + 1)
    socket.once('close', () => this.leave(client))
  }

  private leave(client: string | undefined): void {
    this.open--
    if (client === undefined) return
    const left = (this.byClient.get(client) ?? 1) - 1
    if (left > 0) this.byClient.set(client, left)
    else this.byClient.delete(client)
  }
}
