import { HmsError } from '#libs/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Server } from 'node:http'
import type { Metrics } from '../../metrics.js'
import { clientAddress, clientOf, type TrustedProxies } from './client-address.js'
import { isWrite } from '../read-by-post.js'
import { ClientBuckets } from './client-buckets.js'
import { ConnectionCounts } from './connection-counts.js'
import { heeded } from '../front-door.js'

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
/** Statements of people, signed in the body, which is not there yet. */
const OF_PEOPLE = [
  /^\/v1\/(?:approvals|break-glass|withdrawals|freezes)\/?$/,
  /^\/v1\/(?:approvals|runs|tickets)\/[^/]+\/decisions\/?$/,
  /^\/v1\/(?:freezes\/[^/]+\/lift|roster\/proposals\/[^/]+\/signatures)\/?$/,
]
const SIGNED = /^HMS-Statement /

/** Probes and scrapers come in whatever happens. */
const EXEMPT = /^\/(?:livez|readyz|metrics)\/?$/

const counts = new WeakMap<Server, ConnectionCounts>()

/**
 * Bounds what one client may do: writes by key, else by address (429 with `Retry-After`), reads and streams by connections. Before any
 * other hook. The clock is monotonic: a machine's time that jumps fills no bucket.
 */
export function limitClients(server: FastifyInstance, { limits, metrics, keyOf, isEdge = false }: LimitedServer): void {
  const { writesPerSecond: perSecond, trusted } = limits
  const bucketsOf = (times: number): ClientBuckets =>
    new ClientBuckets({ burst: BURST_SECONDS * times * perSecond, perSecond: times * perSecond }, () => performance.now())
  const [writes, statements, wider] = [bucketsOf(1), bucketsOf(1), bucketsOf(WIDER)]
  const connections = new ConnectionCounts({ perClient: limits.connectionsPerClient, all: limits.connections }, trusted)
  connections.watch(server.server)
  counts.set(server.server, connections)
  const refused = metrics?.counter('http_refused_total', 'Requests refused because their client did too much', ['what'])
  const addressOf = clientsOf({ limits, isEdge })

  const waitOf = (request: FastifyRequest, path: string): number => {
    const { authorization } = request.headers
    const address = addressOf(request)
    if (OF_SERVICES.test(path)) return wider.take(address)
    // Who sends keys that do not count must not keep signed requests out.
    if (isEdge && authorization !== undefined) return wider.take(SIGNED.test(authorization) ? `signed ${address}` : address)
    const key = keyOf?.(request)
    if (key !== undefined) return writes.take(key.isSigned ? `signed ${key.id} ${address}` : `key ${key.id}`)
    return (OF_PEOPLE.some((pattern) => pattern.test(path)) ? statements : writes).take(address)
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
    if (waitMs === 0) return done()
    refused?.inc({ what: 'writes' })
    void reply.header('retry-after', String(Math.ceil(waitMs / 1_000)))
    done(
      new HmsError('HMS_HTTP_TOO_MANY', `This client writes more than ${perSecond} times a second. Wait as long as Retry-After says.`, {
        status: 429,
      }),
    )
  })
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
