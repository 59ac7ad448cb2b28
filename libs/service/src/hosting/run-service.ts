import { action, command, HmsError, isServiceName, printable, SERVICES, type ServiceName } from '#libs/contracts'
import {
  databaseUrl,
  portOf,
  readCorsOrigins,
  readHostConfig,
  readHttpLimits,
  usableHostConfig,
  urlsOf,
  readNamedSigner,
  readRosterFile,
  readServiceSigner,
  type HostConfig,
} from '#libs/process'
import {
  readSettings,
  configInvalid,
  createLogger,
  describeError,
  Metrics,
  processEnvironment,
  stopSignal,
  shrinkHeapWhenIdle,
  startTracing,
  systemClock,
  uuidv7,
  VERSION,
  type Environment,
} from '#libs/platform'
import { readSasl, readTls } from '#libs/kafka-socket'
import { Host } from './host.js'
import { readRetentionConfig } from '../retention/retention.config.js'
import { loadService } from '../service-definition.js'
import { kafkaSettings, openKafkaBus } from './open-bus.js'
import { openPostgresService } from './postgres-services.js'

/** Composition root of distributed mode: the named services in this process, on Kafka and a shared PostgreSQL. */
export async function serveServices(services: readonly ServiceName[], env: Environment): Promise<{ host: Host; port: number }> {
  const kafkaConfig = (): HostConfig => requireKafka(readHostConfig(env))
  const [config, url, roster] = await readSettings([
    kafkaConfig,
    () => requireDatabaseUrl(kafkaConfig()),
    () => readRosterFile(requireKafka(usableHostConfig(env))),
    () => kafkaSettings(kafkaConfig(), '', env),
    () => readSasl(env),
    () => readTls(env),
    ...services.map((service) => () => readServiceSigner(service, requireKafka(usableHostConfig(env)), env)),
    () => services.includes('audit') && readNamedSigner('audit-log', usableHostConfig(env), env),
    ...(await settingsReaders(services, env)),
  ])
  const log = createLogger(config.logLevel, { process: services.join('+') })
  const clock = systemClock
  const instance = uuidv7(clock.now())
  const metrics = new Metrics().withProcessMetrics()
  shrinkHeapWhenIdle(clock)
  const stopTracing = startTracing({
    env,
    endpoint: config.otlpEndpoint,
    messaging: 'kafka',
    service: services.join('+'),
    version: VERSION,
    clock,
    log,
    metrics,
  })
  const host = await Host.create(services, {
    profile: config.profile,
    environment: env,
    clock,
    log,
    metrics,
    roster,
    bus: openKafkaBus(config, services, instance, clock, log, metrics, env),
    signerOf: (service) => readServiceSigner(service, config, env),
    signerNamed: (name) => readNamedSigner(name, config, env),
    open: (definition) => openPostgresService(definition, { url, clock, log, embedded: false, instance }),
    configStoreUrls: config.configStoreUrls ?? urlsOf('config-store', env),
    version: VERSION,
    stopTracing,
  })
  const port = await host.start({ host: config.host, port: portOf(services[0]!, env) })
  return { host, port }
}

/** Returns the readers of the services' own settings, and of those that every process of services has. */
export async function settingsReaders(services: readonly ServiceName[], env: Environment): Promise<(() => unknown)[]> {
  const definitions = await Promise.all(services.map(loadService))
  const { profile } = usableHostConfig(env)
  return [
    () => readHttpLimits(profile, env, true),
    () => readCorsOrigins(env),
    () => readRetentionConfig(env),
    ...SERVICES.map((service) => () => portOf(service, env)),
    ...definitions.map(
      ({ readConfig = () => undefined }) =>
        () =>
          readConfig(env, profile),
    ),
  ]
}

function requireKafka(config: HostConfig): HostConfig {
  if (config.bus === 'kafka') return config
  const remedy = `use \`${command('dev')}\`, or set HMS_BUS=kafka to run them separately`
  const detail = `The embedded bus needs all services in one process: ${remedy}.`
  throw new HmsError('HMS_BUS_EMBEDDED', detail, { status: 400, next: [action('dev'), action('serve.kafka')] })
}

async function requireDatabaseUrl(config: HostConfig): Promise<string> {
  const url = await databaseUrl(config)
  if (url === undefined) throw configInvalid('HMS_DATABASE_URL must be set in distributed mode.')
  return url
}

/** Runs a service for its `main.ts`, until a signal arrives. */
export async function runService(name: string): Promise<void> {
  if (!isServiceName(name)) throw new TypeError(`${name} is not a service`)
  try {
    const { host, port } = await serveServices([name], processEnvironment())
    process.stderr.write(`${name} listens on ${port}\n`)
    await stopSignal()
    await host.stop()
  } catch (error) {
    const [code, exitCode] = error instanceof HmsError ? [` [${error.code}]`, error.status === 400 ? 2 : 1] : ['', 1]
    // A failed start can leave sessions open, which would keep the process alive.
    process.stderr.write(`✗ ${printable(describeError(error))}${code}\n`, () => process.exit(exitCode))
  }
}
