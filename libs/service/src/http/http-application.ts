import { HmsError, MAX_PATH_PARAMETER, OFREP_PATH } from '#libs/contracts'
import {
  addFastPathSafe,
  BODY_BOUNDS,
  limitBodies,
  closeQueuedResponses,
  httpOptions,
  endUnreadResponses,
  errorCodes,
  fastPathSafe,
  validateRequestHeads,
  limitClients,
  type LimitedServer,
  type Logger,
  logWrites,
  type Metrics,
  allowOrigins,
  readShape,
  refuseBodiesOfReads,
  refuseForeignRequests,
  sendProblem,
  type Shape,
  prepareFastPath,
  tagReads,
  acceptJsonBodies,
  toProblem,
  traceRequests,
} from '#libs/platform'
import { NestFactory } from '@nestjs/core'
import {
  type ArgumentMetadata,
  type ArgumentsHost,
  Catch,
  type DynamicModule,
  type ExceptionFilter,
  type LoggerService,
  type PipeTransform,
} from '@nestjs/common'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Authorizer } from '../authorization/authorizer.js'
import { needOf, requirementOfRoute } from '../authorization/require-scope.js'
import type { IncomingHttpHeaders } from 'node:http'
import { type Observable, throwError } from 'rxjs'
import { ReplayedResponse } from '../idempotency/idempotency-keys.js'

const REQUEST_TIMEOUT_MS = 60_000

/**
 * Creates a Nest application on Fastify, not listening yet, with the limits, validation and error format of all services. `acceptedHost`:
 * `HMS_HOST` in profile dev, where foreign requests are refused. `clients`: limits per client. `origins`: of pages that may use OFREP.
 */
export async function createHttpApplication(
  module: DynamicModule,
  log: Logger,
  acceptedHost: string | undefined,
  clients: LimitedServer,
  access: Authorizer,
  origins: readonly string[] = [],
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    ...httpOptions(log),
    bodyLimit: BODY_BOUNDS.bytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 0,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PATH_PARAMETER },
  })
  const server = adapter.getInstance() as unknown as FastifyInstance
  prepareFastPath(server)
  acceptApiKeyHeader(server)
  closeQueuedResponses(server.server)
  endUnreadResponses(server.server)
  limitClients(server, clients)
  allowOrigins(server, origins)
  if (acceptedHost !== undefined) refuseForeignRequests(server, acceptedHost, origins)
  validateRequestHeads(server)
  refuseBodiesOfReads(server)
  authorizeHeads(server, access)
  limitBodies(server, clients)
  acceptJsonBodies(server)
  tagReads(server) // guard: reads-tagged
  traceRequests(server)
  logWrites(server, log)
  await addFastPathSafe(server, () => adapter.init())
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(log),
    abortOnError: false,
    bodyParser: false,
  })
  app.useGlobalFilters(new ProblemFilter(log, clients.metrics))
  app.useGlobalPipes(new ValidationPipe())
  return app
}

/** Logs Nest's messages; its start-up lines at debug level, because they are irrelevant to an operator. */
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

/** Authorizes writes by their heads, before the body arrives, so that no unauthorized body is stored. The guard verifies the rest. */
export function authorizeHeads(server: FastifyInstance, access: Authorizer): void {
  fastPathSafe(server).addHook('onRequest', (request, _reply, done) => {
    const { method, url, headers, raw, is404, routeOptions } = request
    if (is404 || method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return done()
    const config = routeOptions.config as { page?: boolean } | undefined
    // A page's form is forwarded to an API route, which verifies it.
    const need = config?.page === true ? undefined : needOf(requirementOfRoute(config), { method })
    try {
      if (need !== undefined) access.admitHead({ method, url, headers, raw, peer: raw.socket.remoteAddress }, need) // guard: head-key
      done()
    } catch (error) {
      done(error as Error)
    }
  })
}

/** Accepts both of OFREP's headers for a key, since providers set either. Register it before authorization. */
export function acceptApiKeyHeader(server: FastifyInstance): void {
  fastPathSafe(server).addHook('onRequest', ({ raw: { url = '', headers } }, _reply, done) => {
    const key = keyOfReader(headers)
    if (key !== undefined && url.startsWith(`${OFREP_PATH}/`)) headers.authorization = key
    done()
  })
}

/** Returns the key of an OFREP request, from either header, in the form of `authorization`. */
export function keyOfReader({ authorization, 'x-api-key': key }: IncomingHttpHeaders): string | undefined {
  return authorization ?? (key === undefined ? undefined : `Bearer ${String(key)}`)
}

const UNVALIDATED: readonly unknown[] = [undefined, Object, Array, Boolean, Number]

/** Validates bodies, queries and parameters by the handler's declared class. Events are declared as interfaces, so they pass unchanged. */
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (type === 'custom' || UNVALIDATED.includes(metatype)) return value
    // A repeated query member arrives as a list.
    if (metatype === String) return value === undefined ? value : String(value)
    return validated(metatype as Shape, value ?? {}, type === 'query' ? 'HMS_HTTP_QUERY_INVALID' : 'HMS_HTTP_BODY_INVALID')
  }
}

/** Validates the query of a path without a controller, like `ValidationPipe`. Throws 400 `HMS_HTTP_QUERY_INVALID`. */
export function readQuery<T extends object>(shape: Shape<T>, query: URLSearchParams): T {
  const given = Object.fromEntries(
    [...query.keys()].map((name) => [name, query.getAll(name).length > 1 ? query.getAll(name) : query.get(name)]),
  )
  return validated(shape, given, 'HMS_HTTP_QUERY_INVALID')
}

/** Creates an object of a class from plain data. Throws 400 with `code` if the data is invalid. */
export function validated<T extends object>(shape: Shape<T>, plain: unknown, code: 'HMS_HTTP_QUERY_INVALID' | 'HMS_HTTP_BODY_INVALID'): T {
  const { value, errors } = readShape(shape, plain)
  if (errors.length > 0) throw new HmsError(code, errors.map(({ detail }) => detail).join('; '), { status: 400, errors })
  return value
}

/** Sends route errors as problem+json; rethrows event errors, of which Nest's filter would hide the cause from the consumer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly rejected: ((code: string) => void) | undefined

  constructor(
    private readonly log: Logger,
    metrics?: Metrics,
  ) {
    this.rejected = metrics && countRejections(metrics)
  }

  catch(error: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() !== 'http') return throwError(() => error)
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    const request = host.switchToHttp().getRequest<FastifyRequest>()
    if (error instanceof ReplayedResponse) return error.send(reply)
    const problem = toProblem(error, request, this.log)
    this.rejected?.(problem.code)
    sendProblem(reply, problem)
  }
}

const SIGNATURE_CODES = /^HMS_(?:AUTH_(?:INVALID|REPLAYED|AUDIENCE|EXPIRED)|SIGNATURE_|HEAD_|PROOF_|APPROVER_SIGN)/

/** Returns a function that counts refusals by code, a fixed set. Series start at 0: PromQL's `increase` ignores first samples. */
function countRejections(metrics: Metrics): (code: string) => void {
  const help = 'Requests refused for an invalid signature, proof or head, by code'
  const refused = metrics.counter('signature_rejections_total', help, ['reason'])
  for (const reason of errorCodes().filter((code) => SIGNATURE_CODES.test(code))) refused.inc({ reason }, 0) // guard: rejections-from-zero
  return (code) => {
    if (SIGNATURE_CODES.test(code)) refused.inc({ reason: code })
  }
}
