import { HmsError } from '#libs/contracts'
import { ValidationPipe, type DynamicModule, type LoggerService, type ValidationError } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Logger } from '../logger.js'
import { refuseBodiesOfReads } from './body-of-a-read.js'
import { refuseForeignRequests } from './foreign-request.js'
import { ProblemFilter } from './problem.filter.js'

/** Bodies above this are refused with 413 before they are read; a route that takes whole corpora says so itself. */
export const BODY_LIMIT_BYTES = 4 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 60_000

export interface HttpOptions {
  /** Routes that take larger bodies than others, by path, in bytes. */
  bodyLimits: Readonly<Record<string, number>>
  /** With profile dev what `HMS_HOST` says: requests of other sites are refused. */
  localTo: string | undefined
}

/** A Nest application on Fastify with the bounds, the validation and the error form that every service shares. Not yet listening. */
export async function createHttpApplication(
  module: DynamicModule,
  log: Logger,
  { bodyLimits, localTo }: HttpOptions,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 0,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
  })
  adapter.getInstance().addHook('onRoute', (route) => {
    const limit = bodyLimits[route.url]
    if (limit !== undefined) route.bodyLimit = limit
  })
  refuseBodiesOfReads(adapter.getInstance())
  if (localTo !== undefined) refuseForeignRequests(adapter.getInstance(), localTo)
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(log),
    abortOnError: false,
    rawBody: true,
  })
  app.useGlobalFilters(new ProblemFilter(log))
  app.useGlobalPipes(
    new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true, exceptionFactory: invalidBody }),
  )
  return app
}

function invalidBody(problems: ValidationError[]): HmsError {
  const errors = problems.flatMap((problem) => flatten(problem, ''))
  return new HmsError('HMS_HTTP_BODY_INVALID', errors.map((error) => error.detail).join('; '), { status: 400, errors })
}

function flatten(problem: ValidationError, path: string): { pointer: string; detail: string }[] {
  const pointer = `${path}/${problem.property}`
  const own = Object.values(problem.constraints ?? {}).map((detail) => ({ pointer, detail }))
  return [...own, ...(problem.children ?? []).flatMap((child) => flatten(child, pointer))]
}

/** Nest's own words at debug level: its start-up lines are noise to an operator. */
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
