import { action, command, HmsError, isServiceName, printable, type ServiceName } from '#libs/contracts'
import { checkPorts, databaseUrl, portOf, readHostConfig, urlsOf, readNamedSigner, readRosterFile, readServiceSigner } from '#libs/process'
import {
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
import { Host } from './host.js'
import { openKafkaBus } from './open-bus.js'
import { openPostgresService } from './postgres-services.js'

/** Composition root of distributed mode: the named services in this process, on Kafka and a shared PostgreSQL. */
export async function serveServices(services: readonly ServiceName[], env: Environment): Promise<{ host: Host; port: number }> {
  const config = readHostConfig(env)
  checkPorts(env)
  if (config.bus !== 'kafka') {
    throw new HmsError(
      'HMS_BUS_EMBEDDED',
      `The embedded bus needs all services in one process: use \`${command('dev')}\`, or set HMS_BUS=kafka to run them separately.`,
      { status: 400, next: [action('dev'), action('serve.kafka')] },
    )
  }
  const url = await databaseUrl(config)
  if (url === undefined) throw configInvalid('HMS_DATABASE_URL must be set in distributed mode.')
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
    roster: await readRosterFile(config),
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
