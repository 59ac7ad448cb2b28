import { SERVICE_PATHS, type ServiceName, action, HmsError } from '#libs/contracts'
import { EventServer, withReadCache, STATEMENT_SEAL, type EventSeal } from '#libs/messaging'
import type { Database } from '#libs/persistence'
import { BACKLOG, collectRoutes, finishResponses, listenError, type LimitedServer, type Logger } from '#libs/platform'
import { localNameOf, readCorsOrigins, readHostConfig, readHttpLimits, variableOf } from '#libs/process'
import type { Roster } from '#libs/signing'
import { Module, type Type } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { FastifyInstance } from 'fastify'
import { Authorizer } from '../authorization/authorizer.js'
import { AuthorizationGuard } from '../authorization/authorization.guard.js'
import { SignedBodies } from '../authorization/signed-bodies.js'
import { TokenReader } from '../authorization/follow-tokens.js'
import { createRuntime, type HostAdapters } from '../create-runtime.js'
import { DeadLettersController } from '../dead-letters/dead-letters.http.js'
import { DescriptionController, HealthController, KeyedMetricsController, MetricsController } from '../http/process.http.js'
import { createHttpApplication } from '../http/http-application.js'
import { HostContext } from '../http/host-context.js'
import { GroupsController, TopicsController } from '../http/topics.http.js'
import { IdempotencyKeys } from '../idempotency/idempotency-keys.js'
import { RUNTIMES } from '../runtime-module.js'
import { ServiceRuntime } from '../service-runtime.js'
import { loadService } from '../service-definition.js'

@Module({})
class HostModule {}

/** Hosts services of one process behind one port. */
export class Host {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly runtimes: ReadonlyMap<ServiceName, ServiceRuntime>,
    private readonly adapters: HostAdapters,
    private readonly tokens: TokenReader,
  ) {}

  /** Builds the services and one Nest application around them. Nothing listens, reads or fires before `start`. */
  static async create(services: readonly ServiceName[], adapters: HostAdapters): Promise<Host> {
    const seal = services.length > 1 ? withReadCache(STATEMENT_SEAL) : undefined
    const parts = await Promise.all(services.map((name) => openService(name, adapters, seal)))
    const runtimes = new Map(parts.map(({ runtime }) => [runtime.name, runtime]))
    await requireUsableRoster([...runtimes.values()], adapters)
    const consumers = new Map([...runtimes].map(([name, runtime]) => [name, runtime.consumer]))
    const rosterNow = (): Roster => newestRoster([...runtimes.values()], adapters.roster)
    const databaseOf = (path: string): Database => databaseFor(path, runtimes)
    const access = new Authorizer(adapters.profile, rosterNow, adapters.clock, databaseOf)
    const context = new HostContext([...runtimes.values()], adapters.metrics, adapters.version)
    const calls = new IdempotencyKeys(databaseOf, adapters.log)
    const bodies = new SignedBodies(rosterNow, databaseOf, adapters.clock)
    const providers = [
      { provide: RUNTIMES, useValue: runtimes },
      { provide: Authorizer, useValue: access },
      { provide: HostContext, useValue: context },
      { provide: APP_GUARD, useClass: AuthorizationGuard },
      { provide: IdempotencyKeys, useValue: calls },
      { provide: SignedBodies, useValue: bodies },
    ]
    const metrics = readHostConfig(adapters.environment).metrics === 'key' ? KeyedMetricsController : MetricsController
    const controllers = [HealthController, metrics, TopicsController, GroupsController, DescriptionController, DeadLettersController]
    const imports = parts.map(({ module }) => module)
    const root = { module: HostModule, global: true, imports, controllers, providers, exports: [Authorizer, RUNTIMES] }
    const clients: LimitedServer = {
      // An embedded bus runs in one process, which has no edge.
      limits: readHttpLimits(adapters.profile, adapters.environment, readHostConfig(adapters.environment).bus === 'kafka'),
      metrics: adapters.metrics,
      keyOf: ({ method, url, headers, raw }) => access.keyOf({ method, url, headers, raw, peer: raw.socket.remoteAddress }),
    }
    const [acceptedHost, origins] = [localNameOf(adapters.profile, adapters.environment), readCorsOrigins(adapters.environment)]
    const app = await createHttpApplication(root, adapters.log, acceptedHost, clients, access, origins)
    const server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance
    calls.storeResponses(server)
    finishResponses(server)
    context.routes = collectRoutes(server)
    app.connectMicroservice({ strategy: new EventServer(consumers) }, { inheritAppConfig: true })
    return new Host(app, runtimes, adapters, new TokenReader(access.tokens, [...runtimes.values()]))
  }

  /** Starts relays, timers and readers; listens if a port is given (0: any free one). Returns the port. Stops all if it is refused. */
  async start(listen?: { host: string; port: number }): Promise<number> {
    await this.tokens.start()
    await this.app.init()
    await this.app.startAllMicroservices()
    for (const runtime of this.runtimes.values()) runtime.start()
    if (listen === undefined) return 0
    await this.app.listen({ ...listen, backlog: BACKLOG }).catch(async (error: unknown) => {
      await this.stop()
      throw listenError(listen.host, listen.port, error, () => action('help.environment'))
    })
    return (this.app.getHttpServer().address() as { port: number }).port
  }

  /** Stops in order: no new requests, no new events, running work finishes, connections close. */
  async stop(): Promise<void> {
    this.tokens.stop()
    for (const runtime of this.runtimes.values()) runtime.consumer.stop()
    await this.app.close()
    await this.adapters.bus.close()
    await Promise.all([...this.runtimes.values()].map((runtime) => runtime.stop()))
    await this.adapters.stopTracing?.()
  }

  /** Whether no work is running; for tests on virtual time. */
  get idle(): boolean {
    return [...this.runtimes.values()].every((runtime) => runtime.idle)
  }
}

/** Returns the database of the service that serves a path; for a path of all services, the database of the first service here. */
function databaseFor(path: string, runtimes: ReadonlyMap<ServiceName, ServiceRuntime>): Database {
  const here = [...runtimes.values()]
  const isBelow = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`)
  return (here.find(({ name }) => SERVICE_PATHS[name].some(isBelow)) ?? here[0]!).database
}

/** Throws for a roster that is expired or does not name a service's key, after closing bus and services: the process must end. */
async function requireUsableRoster(runtimes: readonly ServiceRuntime[], { roster, clock, log, bus }: HostAdapters): Promise<void> {
  try {
    requireRosterInForce(newestRoster(runtimes, roster), clock.now(), log)
    runtimes.forEach(requireNamedKey) // guard: service-key-named
  } catch (error) {
    await bus.close()
    await Promise.all(runtimes.map((runtime) => runtime.stop()))
    throw error
  }
}

async function openService(
  name: ServiceName,
  adapters: HostAdapters,
  seal: EventSeal | undefined,
): Promise<{ runtime: ServiceRuntime; module: Type }> {
  const definition = await loadService(name)
  const [{ database, ownStores, stores, coordination, ready }, signer] = await Promise.all([
    adapters.open(definition),
    adapters.signerOf(name),
  ])
  const log = adapters.log.child({ service: name })
  const options = { ...adapters, name, tables: definition.tables, database, ownStores, log, signer, seal }
  const runtime = createRuntime(options, stores, adapters.bus, coordination, ready)
  await runtime.open()
  return { runtime, module: definition.module }
}

const EXPIRES_SOON_MS = 30 * 24 * 60 * 60 * 1000

/** Returns the newest roster that any service of this process has received, for the HTTP server that they share. */
function newestRoster(services: readonly { roster: Roster }[], pinned: Roster): Roster {
  return services.reduce((newest, { roster }) => (roster.version > newest.version ? roster : newest), pinned)
}

/** Throws `HMS_ROSTER_EXPIRED` (400), at start only: a later expiry stops nothing. In the last 30 days a start logs a warning. */
function requireRosterInForce({ version, expires }: Roster, now: Date, log: Logger): void {
  const remainingMs = Date.parse(expires) - now.getTime()
  if (remainingMs <= 0) {
    const detail = `Roster ${version} was valid until ${expires}. Pin a newer one: set HMS_ROSTER to its file.`
    throw new HmsError('HMS_ROSTER_EXPIRED', detail, { status: 400, next: [action('help.environment')] })
  }
  if (remainingMs < EXPIRES_SOON_MS) log.warn({ roster: version, expires }, 'the roster expires soon: propose and sign the next one')
}

/** Throws `HMS_IDENTITY_MISMATCH` (403): other services would ignore all events of this process, and no event is signed a second time. */
function requireNamedKey({ name, signer: { keyid }, roster }: ServiceRuntime): void {
  if (roster.serviceKeys(name).has(keyid)) return
  const remedy = `Set ${variableOf(name, 'KEY_FILE')} to the file of its key, or HMS_ROSTER to the newest roster.`
  const detail = `Roster ${roster.version} does not name ${keyid} as a key of ${name}: its signatures would not count. ${remedy}`
  throw new HmsError('HMS_IDENTITY_MISMATCH', detail, { status: 403, next: [action('roster.show')] })
}
