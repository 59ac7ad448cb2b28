import { HmsError } from '#libs/contracts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Server } from 'node:http'
import type { Metrics } from '../../metrics.js'
import { clientAddress, clientOf, type TrustedProxies } from './client-address.js'
import { isWrite } from '../read-by-post.js'
import { ClientBuckets } from './client-buckets.js'
import type { BucketBounds } from './token-bucket.js'
import { ConnectionCounts } from './connection-counts.js'
import { heeded } from '../front-door.js'
import { BODY_BOUNDS } from '../body-bounds.js'
import { StatementLimits, type SignedStatement } from './statement-limits.js'

/** Connections that wait to be accepted; the kernel has its own bound. With Node's 511, readers that come back at once waited a second. */
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
  /** The key that a request holds, if it counts. A key that nobody issued must not give its sender a bucket of its own. */
  keyOf?(request: FastifyRequest): LimitedKey | undefined
  /** The edge cannot judge keys: what holds one is judged by the service that knows it, and is bounded here by address more widely. */
  isEdge?: boolean
}

export interface LimitedKey {
  id: string
  /** A person's or operator's, who signed this request. Counted by address too: a signature can be read on its way and sent again. */
  isSigned: boolean
}

const BURST_SECONDS = 10
/** What services send each other, and what an edge leaves to the services to judge. */
const WIDER = 10
/** Carries signatures of services, which send it to each other. */
const OF_SERVICES = /^\/v1\/(?:heads|freshness)\/?$/
/** Paths of statements that people sign in the body, for an edge, which has no such routes. */
export const SIGNED_BODIES: readonly RegExp[] = [
  /^\/v1\/(?:approvals|break-glass|withdrawals|freezes)\/?$/,
  /^\/v1\/(?:approvals|runs|tickets)\/[^/]+\/decisions\/?$/,
  /^\/v1\/(?:freezes\/[^/]+\/lift|roster\/proposals\/[^/]+\/signatures)\/?$/,
]
const SIGNED = /^HMS-Statement /

/** In the configuration of a route that calls `settleStatement` once its body is there. */
export interface SignedBodyRoute {
  signedBody?: true
}

/** Probes and scrapers come in whatever happens. */
const EXEMPT = /^\/(?:livez|readyz|metrics)\/?$/

const counts = new WeakMap<Server, ConnectionCounts>()
/** Of requests whose signature is in the body: what refuses them, by whether it counts. */
const unsettled = new WeakMap<object, (reply: FastifyReply, statement: SignedStatement | undefined) => HmsError | undefined>()

/**
 * Bounds what one client may do: writes by key, else by address (429 with `Retry-After`), reads and streams by connections. Before any
 * other hook. The clock is monotonic: a machine's time that jumps fills no bucket.
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
  const refused = metrics?.counter('http_refused_total', 'Requests refused because their client, or all of them together, did too much', [
    'what',
  ])
  const addressOf = clientsOf({ limits, isEdge })

  const waitOf = (request: FastifyRequest, path: string): number => {
    const { authorization } = request.headers
    const address = addressOf(request)
    if (OF_SERVICES.test(path)) return wider.take(address)
    // As cheap as a read, and no edge can tell whose it is: the service does, by the same address.
    if (isEdge && isSmallStatement(request, path)) return 0
    if (isEdge && authorization !== undefined) return wider.take(SIGNED.test(authorization) ? `signed ${address}` : address)
    const key = keyOf?.(request)
    if (key !== undefined) return writes.take(key.isSigned ? `signed ${key.id} ${address}` : `key ${key.id}`)
    if ((request.routeOptions.config as SignedBodyRoute | undefined)?.signedBody !== true) return writes.take(address)
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

  heeded(server).addHook('onRequest', (request, reply, done) => {
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
    done(waitMs === 0 ? undefined : refuse(reply, waitMs))
  })
}

/** Throws 429 `HMS_HTTP_TOO_MANY` where neither the key of `statement` nor the address of the request may send more. */
export function settleStatement(request: FastifyRequest, reply: FastifyReply, statement: SignedStatement | undefined): void {
  const refused = unsettled.get(request)?.(reply, statement)
  if (refused !== undefined) throw refused
}

function isSmallStatement({ headers, method }: FastifyRequest, path: string): boolean {
  const isSigned = SIGNED.test(headers.authorization ?? '') || (method === 'POST' && SIGNED_BODIES.some((pattern) => pattern.test(path)))
  return isSigned && headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= BODY_BOUNDS.bytes
}

/** What counts as one client of a server: its address, or what an edge or proxy says of it. */
export function clientsOf({ limits: { trusted }, isEdge = false }: LimitedServer): (request: FastifyRequest) => string {
  return ({ raw, headers }) => clientOf(clientAddress(raw.socket.remoteAddress ?? '', headers, trusted, !isEdge))
}

/** Why nothing is answered on this connection but probes: for upgrades, which no hook sees. */
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
