import { MAX_PATH_PARAMETER } from '#libs/contracts'
import {
  addHeeded,
  BODY_BOUNDS,
  boundBodies,
  closeQueuedAnswers,
  earlyErrors,
  endUnreadAnswers,
  heeded,
  judgeTargets,
  limitClients,
  type LimitedServer,
  type Logger,
  logWrites,
  openToOrigins,
  refuseBodiesOfReads,
  refuseForeignRequests,
  standBeforeFastify,
  tagReads,
  takeJsonBodies,
  traceRequests,
} from '#libs/platform'
import { NestFactory } from '@nestjs/core'
import type { DynamicModule, LoggerService } from '@nestjs/common'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { FastifyInstance } from 'fastify'
import type { Authorizer } from '../authorization/authorizer.js'
import { takeApiKeys } from './api-key.js'
import { ProblemFilter } from './problem.filter.js'
import { ShapePipe } from './shape.pipe.js'
import { needOf, requirementOfRoute } from '../authorization/require-scope.js'

const REQUEST_TIMEOUT_MS = 60_000

/**
 * Creates a Nest application on Fastify with the limits, validation and error format shared by all services; it does not listen yet.
 * `localTo`: value of `HMS_HOST` in profile dev, where foreign requests are refused. `clients`: limits per client. `origins`: of pages that
 * may use OFREP.
 */
export async function createHttpApplication(
  module: DynamicModule,
  log: Logger,
  localTo: string | undefined,
  clients: LimitedServer,
  access: Authorizer,
  origins: readonly string[] = [],
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    ...earlyErrors(log),
    bodyLimit: BODY_BOUNDS.bytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 0,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PATH_PARAMETER },
  })
  const server = adapter.getInstance() as unknown as FastifyInstance
  standBeforeFastify(server)
  takeApiKeys(server)
  closeQueuedAnswers(server.server)
  endUnreadAnswers(server.server)
  limitClients(server, clients)
  openToOrigins(server, origins)
  if (localTo !== undefined) refuseForeignRequests(server, localTo, origins)
  judgeTargets(server)
  refuseBodiesOfReads(server)
  judgeHeads(server, access)
  boundBodies(server, clients)
  takeJsonBodies(server)
  tagReads(server)
  traceRequests(server)
  logWrites(server, log)
  await addHeeded(server, () => adapter.init())
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(log),
    abortOnError: false,
    bodyParser: false,
  })
  app.useGlobalFilters(new ProblemFilter(log, clients.metrics))
  app.useGlobalPipes(new ShapePipe())
  return app
}

/** Logs Nest's messages at debug level: its start-up lines are irrelevant to an operator. */
class NestLogger implements LoggerService {
  constructor(private readonly to: Logger) {}
  log(message: unknown): void {
    this.to.debug({}, String(message))
  }
  error(message: unknown): void {
    this.to.error({}, String(message))
  }
  warn(message: unknown): void {
    this.to.warn({}, String(message))
  }
}

/** Verifies the key of each request with a body at its head: a body without a valid key is never stored. The guard verifies the rest. */
export function judgeHeads(server: FastifyInstance, access: Authorizer): void {
  heeded(server).addHook('onRequest', (request, _reply, done) => {
    const { method, url, headers, raw, is404, routeOptions } = request
    if (is404 || method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return done()
    const config = routeOptions.config as { page?: boolean } | undefined
    // A page's form is forwarded to an API route, which verifies it.
    const need = config?.page === true ? undefined : needOf(requirementOfRoute(config), { method })
    try {
      if (need !== undefined) access.admitHead({ method, url, headers, raw, peer: raw.socket.remoteAddress }, need)
      done()
    } catch (error) {
      done(error as Error)
    }
  })
}
