import {
  HmsError,
  MAX_PATH_PARAMETER,
  READY_STATES,
  type ReadyState,
  readText,
  SERVICE_PATHS,
  type ServiceName,
  type ServiceReadiness,
  type ServiceState,
  SERVICES,
} from '#libs/contracts'
import {
  addErrorPages,
  answerProblems,
  asyncApi,
  BACKLOG,
  limitBodies,
  closeQueuedResponses,
  readSettings,
  createLogger,
  documentedRoutes,
  httpOptions,
  endUnreadResponses,
  type Environment,
  finishResponses,
  foreignRefused,
  isForeignRequest,
  validateRequestHeads,
  limitClients,
  listenError,
  logWrites,
  Metrics,
  openApi,
  allowOrigins,
  refusalOfConnection,
  refuseBodiesOfReads,
  refuseForeignRequests,
  serveUpgrades,
  SharedResult,
  shrinkHeapWhenIdle,
  startTracing,
  systemClock,
  toProblem,
  VERSION,
} from '#libs/platform'
import {
  loadProgram,
  localNameOf,
  readCorsOrigins,
  readHostConfig,
  readHttpLimits,
  urlsOf,
  usableHostConfig,
  type HostConfig,
} from '#libs/process'
import Fastify, { type FastifyInstance } from 'fastify'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type * as Console from '../../console/src/console.js'
import { readConsoleHosts, readConsoleKey } from './console-key.config.js'
import { forward } from './forward.js'
import { Instances } from './instances.js'
import { STREAM_PATH, StreamTunnels } from './stream-tunnels.js'

/** Body limit for corpora, the largest bodies that any service accepts; each service enforces its own limit. */
const BODY_LIMIT_BYTES = 40 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 60_000
/** Time in ms for which probes share one readiness result, so that concurrent probes query the instances once. */
const READINESS_SHARED_MS = 1_000

/** Returns the roster by which console pages verify: `HMS_ROSTER`, or `roster.json` of profile dev. Without one, they verify nothing. */
function rosterOf({ roster, profile, dataDir }: HostConfig): string | undefined {
  const ofData = join(dataDir, 'roster.json')
  return roster ?? (profile === 'dev' && existsSync(ofData) ? ofData : undefined)
}

/** Serves distributed services on one port, WebSocket included. `SERVICE_PATHS` maps paths to services. */
export async function serveEdge(env: Environment): Promise<{ port: number; stop(): Promise<void> }> {
  const [config, limits, origins, hosts, key] = await readSettings([
    () => readHostConfig(env),
    () => readHttpLimits(usableHostConfig(env).profile, env, false),
    () => readCorsOrigins(env),
    () => readConsoleHosts(env),
    () => readConsoleKey(env),
    ...SERVICES.map((service) => () => urlsOf(service, env)),
  ])
  const log = createLogger(config.logLevel, { process: 'edge' })
  const edge = Fastify({
    ...httpOptions(log),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER },
    logger: false,
  })
  const metrics = new Metrics().withProcessMetrics()
  shrinkHeapWhenIdle(systemClock)
  const [endpoint, messaging] = [config.otlpEndpoint, 'kafka' as const]
  const stopTracing = startTracing({ env, endpoint, messaging, service: 'edge', version: VERSION, clock: systemClock, log, metrics })
  closeQueuedResponses(edge.server)
  endUnreadResponses(edge.server)
  const clients = { limits, metrics, isEdge: true }
  limitClients(edge, clients)
  const acceptedHost = localNameOf(config.profile, env)
  allowOrigins(edge, origins)
  if (acceptedHost !== undefined) refuseForeignRequests(edge, acceptedHost, origins)
  validateRequestHeads(edge, documentedRoutes())
  refuseBodiesOfReads(edge)
  refuseUnforwardable(edge)
  limitBodies(edge, clients)
  answerProblems(edge, log)
  // Also exports a span of each write: the trace context that the edge forwards names it as the parent of the service's span.
  logWrites(edge, log)
  finishResponses(edge)
  edge.get('/livez', async () => ({ status: 'up' }))
  const ready = new SharedResult(() => readiness(env, config.profile === 'dev'), systemClock, READINESS_SHARED_MS)
  edge.get('/readyz', async (_request, reply) => {
    const report = await ready.get()
    if (!report.ready) void reply.status(503).header('retry-after', '2')
    return report
  })
  if (config.metrics === 'public') addMetrics(edge, metrics)
  // The edge has error pages of its own, because it reports problems even when no service responds.
  addErrorPages(edge)
  edge.get('/openapi.json', async () => openApi(VERSION))
  edge.get('/asyncapi.json', async () => asyncApi(VERSION))
  const { addConsole } = await loadProgram<typeof Console>('console/src/console')
  addConsole(edge, {
    urlsOf: (service) => urlsOf(service, env),
    trusted: limits.trusted,
    key,
    hosts,
    roster: rosterOf(config),
    environment: config.profile,
    contacts: config.securityContact,
  })
  const instancesOf = new Map(SERVICES.map((service) => [service, new Instances(urlsOf(service, env))]))
  for (const [service, instances] of instancesOf)
    await forward(edge, SERVICE_PATHS[service], { service, instances, trusted: limits.trusted, log })
  const streams = new StreamTunnels(instancesOf.get('config-store')!, limits.trusted, log)
  const closeUpgrades = serveUpgrades(edge.server, {
    path: STREAM_PATH,
    open: (upgrade) => {
      const refused = refusalOfConnection(edge.server, upgrade.request.socket)
      if (refused !== undefined) throw refused
      // Host and Origin are checked here, because config-store sees only the edge's own request.
      if (acceptedHost !== undefined && isForeignRequest(upgrade.request, acceptedHost)) throw foreignRefused()
      return streams.open(upgrade)
    },
    problemOf: (error, request) => toProblem(error, request, log),
  })
  await edge.listen({ port: config.port, host: config.host, backlog: BACKLOG }).catch((error: unknown) => {
    throw listenError(config.host, config.port, error, (other) => `HMS_PORT=${other} hms-svc serve edge`)
  })
  const address = edge.server.address() as { port: number }
  return {
    port: address.port,
    stop: async () => {
      closeUpgrades()
      streams.close()
      await edge.close()
      await stopTracing()
    },
  }
}

const COLLECT_MS = 1_000

/** Serves `GET /metrics` of the edge itself. The edge cannot check keys, so it serves metrics only if anonymous clients may read them. */
function addMetrics(edge: FastifyInstance, metrics: Metrics): void {
  const requests = metrics.counter('edge_requests_total', 'Requests that the edge answered itself or forwarded, by status class', [
    'status',
  ])
  // An alert fires if the edge's counter is absent.
  requests.inc({ status: '2xx' }, 0)
  const page = new SharedResult(() => metrics.render(), systemClock, COLLECT_MS)
  edge.addHook('onResponse', (_request, reply, done) => {
    requests.inc({ status: `${Math.floor(reply.statusCode / 100)}xx` })
    done()
  })
  edge.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await page.get()))
}

const TIMEOUT_MS = 2_000
const MAX_ANSWER_BYTES = 64 * 1024

type Answer = { status: ReadyState; services: ServiceReadiness[] }
/** Replaces the texts of concerns outside profile dev: the edge responds to anonymous clients. */
const UNNAMED = 'reports what only its own /readyz names (next: hms-svc doctor --url URL_OF_THE_SERVICE)'

/** Returns the readiness of the edge: ready only if every service has a ready instance. `details`: reports of the best instances. */
async function readiness(env: Environment, isDev: boolean): Promise<{ ready: boolean; services: object; details: ServiceState[] }> {
  const details = await Promise.all(
    SERVICES.map(async (service) => {
      const reports = await Promise.all(urlsOf(service, env).map((url) => reportOf(service, url)))
      const texts = new Set(reports.flatMap(({ concerns = [] }) => concerns.map((one) => (isDev ? one : UNNAMED)))) // guard: edge-concerns
      const [best] = reports.toSorted((a, b) => READY_STATES.indexOf(a.state) - READY_STATES.indexOf(b.state))
      return { ...best!, concerns: texts.size > 0 ? [...texts] : undefined }
    }),
  )
  const services = Object.fromEntries(details.map(({ service, state }) => [service, state]))
  return { ready: details.every(({ state }) => state !== 'down'), services, details }
}

async function reportOf(service: ServiceName, url: string): Promise<ServiceState> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const { status, services } = JSON.parse(await readText(response.body, MAX_ANSWER_BYTES)) as Answer
    return { ...services.find((each) => each.service === service), service, state: response.ok ? status : 'down' }
  } catch {
    return { service, state: 'down' }
  }
}

/** Refuses requests with a `Trailer` header: Node would interpret the header when the edge forwards it, and throw. */
function refuseUnforwardable(edge: FastifyInstance): void {
  edge.addHook('onRequest', (request, _reply, done) => {
    if (request.headers.trailer === undefined) return done() // guard: edge-trailers
    done(new HmsError('HMS_HTTP_BAD_REQUEST', 'The edge does not forward trailers: leave the Trailer header out.', { status: 400 }))
  })
}
