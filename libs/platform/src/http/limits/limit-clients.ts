import { HmsError } from '#libs/contracts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Metrics } from '../../metrics.js'
import { clientAddress, clientOf, type TrustedProxies } from './client-address.js'
import { type BucketBounds, ClientBuckets } from './token-bucket.js'
import { fastPathSafe } from '../fast-path.js'
import { BODY_BOUNDS } from '../body-bounds.js'
import { StatementLimits, type SignedStatement } from './statement-limits.js'
import { isWrite } from '../request-head.js'

interface ConnectionBounds {
  /** Per client; trusted proxies have no such limit. */
  perClient: number
  all: number
}

/** Additional connections accepted above the limit, for probes: a probe is recognised by its path, which is not known when it connects. */
const RESERVE = 64

/** Tracks the connections of a server, and which of them exceed its limits. */
class ConnectionCounts {
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

/** Backlog of connections to accept; the kernel has its own limit. With Node's 511, readers that reconnected together waited a second. */
export const BACKLOG = 4_096

export interface HttpLimits {
  writesPerSecond: number
  connectionsPerClient: number
  connections: number
  trusted: TrustedProxies
}

export interface LimitedServer {
  limits: HttpLimits
  metrics?: Metrics
  /** Returns the valid API key of a request. An unknown key must not give its sender a bucket of its own. */
  keyOf?(request: FastifyRequest): LimitedKey | undefined
  /** Set at the edge, which cannot verify keys and limits loosely by address; the service that knows a key limits its requests. */
  isEdge?: boolean
}

export interface LimitedKey {
  id: string
  /** Whether the key signed the request. The request counts by address too, because a signature can be intercepted and replayed. */
  isSigned: boolean
}

const BURST_SECONDS = 10
/** Factor of the limits for requests between services, and for requests that an edge leaves to the services. */
const WIDER = 10
/** Paths by which services send each other documents that services signed. */
const OF_SERVICES = /^\/v1\/(?:heads|freshness)\/?$/
/** Paths whose body contains a statement that people sign; for an edge, which lacks these routes. */
export const SIGNED_BODIES: readonly RegExp[] = [
  /^\/v1\/(?:approvals|break-glass|withdrawals|freezes)\/?$/,
  /^\/v1\/(?:approvals|runs|tickets)\/[^/]+\/decisions\/?$/,
  /^\/v1\/(?:freezes\/[^/]+\/lift|roster\/proposals\/[^/]+\/signatures)\/?$/,
]
const SIGNED = /^HMS-Statement /

/** Probes and scrapers are always admitted. */
const EXEMPT = /^\/(?:livez|readyz|metrics)\/?$/

const counts = new WeakMap<Server, ConnectionCounts>()
/** Functions of pending requests with a signature in the body; each limits its request once it is known whether the signature is valid. */
const unsettled = new WeakMap<object, (reply: FastifyReply, statement: SignedStatement | undefined) => HmsError | undefined>()

/** Requests without a key, of addresses with less than a second of writes left. */
const atLimit = new WeakSet<object>()

/** Returns the counter of refused requests, by the exceeded limit. */
export function refusalsIn(metrics: Metrics): ReturnType<Metrics['counter']> {
  return metrics.counter('http_refused_total', 'Requests refused because their client, or all of them together, did too much', ['what'])
}

/**
 * Limits each client: writes by key, else by address (429 with `Retry-After`), reads and streams by connections. Register it before any
 * other hook. The clock is monotonic, so a jump of the machine's time fills no bucket.
 */
export function limitClients(server: FastifyInstance, { limits, metrics, keyOf, isEdge = false }: LimitedServer): void {
  const { writesPerSecond: perSecond, trusted } = limits
  const nowMs = (): number => performance.now()
  const boundsOf = (times: number): BucketBounds => ({ burst: BURST_SECONDS * times * perSecond, perSecond: times * perSecond })
  const [writes, wider] = [new ClientBuckets(boundsOf(1), nowMs), new ClientBuckets(boundsOf(WIDER), nowMs)]
  const statements = new StatementLimits(boundsOf(1), nowMs)
  const connections = new ConnectionCounts({ perClient: limits.connectionsPerClient, all: limits.connections }, trusted)
  connections.watch(server.server)
  counts.set(server.server, connections)
  const refused = metrics && refusalsIn(metrics)
  const addressOf = clientsOf({ limits, isEdge })

  const waitOf = (request: FastifyRequest, path: string): number => {
    const { authorization } = request.headers
    const address = addressOf(request)
    if (OF_SERVICES.test(path)) return wider.take(address)
    // A small statement is as cheap as a read, and the edge cannot verify its signer. The service limits it, by the same address.
    if (isEdge && isSmallStatement(request, path)) return 0 // guard: signed-body-edge
    if (isEdge && authorization !== undefined) return wider.take(SIGNED.test(authorization) ? `signed ${address}` : address)
    const key = keyOf?.(request) // guard: flood-false-keys
    if (key !== undefined) return writes.take(key.isSigned ? `signed ${key.id} ${address}` : `key ${key.id}`) // guard: signed-bucket
    // The handler of a route with signed bodies calls `settleStatement` once the body has arrived.
    if ((request.routeOptions.config as { signedBody?: true } | undefined)?.signedBody !== true) {
      const waitMs = writes.take(address)
      if (writes.leftOf(address) < perSecond) atLimit.add(request)
      return waitMs
    }
    statements.begin(request, address)
    unsettled.set(request, (reply, statement) => {
      const waitMs = statements.settle(request, statement)
      return waitMs === 0 ? undefined : refuse(reply, waitMs)
    })
    return 0
  }
  const refuse = (reply: FastifyReply, waitMs: number): HmsError => {
    refused?.inc({ what: 'writes' })
    void reply.header('retry-after', String(Math.ceil(waitMs / 1_000)))
    const detail = `This client writes more than ${perSecond} times a second. Wait as long as Retry-After says.`
    return new HmsError('HMS_HTTP_TOO_MANY', detail, { status: 429 })
  }

  fastPathSafe(server).addHook('onRequest', (request, reply, done) => {
    const path = request.url.split('?')[0]!
    if (EXEMPT.test(path)) return done()
    const tooMany = refusalOfConnection(server.server, request.raw.socket)
    if (tooMany !== undefined) {
      refused?.inc({ what: 'connections' })
      void reply.header('connection', 'close')
      return done(tooMany)
    }
    if (!isWrite(request)) return done()
    const waitMs = waitOf(request, path)
    done(waitMs === 0 ? undefined : refuse(reply, waitMs)) // guard: flood-writes
  })
}

/** Whether the request has no key, and its address writes about as often as it may: any faster, it would get 429. */
export function isAtWriteLimit(request: object): boolean {
  return atLimit.has(request)
}

/** Counts a signed request. Throws 429 `HMS_HTTP_TOO_MANY` if neither the key of `statement` nor the address may send more. */
export function settleStatement(request: FastifyRequest, reply: FastifyReply, statement: SignedStatement | undefined): void {
  const refused = unsettled.get(request)?.(reply, statement)
  if (refused !== undefined) throw refused
}

function isSmallStatement({ headers, method }: FastifyRequest, path: string): boolean {
  const isSigned = SIGNED.test(headers.authorization ?? '') || (method === 'POST' && SIGNED_BODIES.some((pattern) => pattern.test(path)))
  return isSigned && headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= BODY_BOUNDS.bytes
}

/** Returns the function that identifies the client of a request by its address, or by the address that an edge or proxy names. */
export function clientsOf({ limits: { trusted }, isEdge = false }: LimitedServer): (request: FastifyRequest) => string {
  return ({ raw, headers }) => clientOf(clientAddress(raw.socket.remoteAddress ?? '', headers, trusted, !isEdge))
}

/** Returns the error of a connection above a limit, on which only probes are served. Also for upgrades, which no hook sees. */
export function refusalOfConnection(server: Server, socket: object): HmsError | undefined {
  switch (counts.get(server)?.surplusOf(socket)) {
    case undefined:
      return undefined
    case 'client':
      return new HmsError('HMS_HTTP_CONNECTIONS', 'This client has too many connections open. Close some, or share one.', { status: 429 })
    case 'all':
      return new HmsError('HMS_HTTP_CONNECTIONS', 'This server has as many connections as it takes. Try again.', { status: 503 })
  }
}
