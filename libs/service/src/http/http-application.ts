import { MAX_PATH_PARAMETER } from '#libs/contracts'
import {
  addHeeded,
  BODY_BOUNDS,
  boundBodies,
  closeQueuedAnswers,
  earlyErrors,
  endUnreadAnswers,
  judgeTargets,
  limitClients,
  logWrites,
  openToOrigins,
  refuseBodiesOfReads,
  refuseForeignRequests,
  standBeforeFastify,
  tagReads,
  takeJsonBodies,
  traceRequests,
  type LimitedServer,
  type Logger,
} from '#libs/platform'
import { NestFactory } from '@nestjs/core'
import type { DynamicModule, LoggerService } from '@nestjs/common'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { FastifyInstance } from 'fastify'
import type { Authorizer } from '../authorization/authorizer.js'
import { judgeHeads } from '../authorization/judge-heads.js'
import { takeApiKeys } from './api-key.js'
import { ProblemFilter } from './problem.filter.js'
import { ShapePipe } from './shape.pipe.js'

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
