import { HmsError, SERVICES } from '#libs/contracts'
import { acquireFolder, EmbeddedError } from '#libs/files'
import { loadProgram, readHostConfig, readNamedSigner, readRosterFile, readServiceSigner } from '#libs/process'
import { createDemoIdentity } from '#libs/client'
import { startPostgres } from '#libs/persistence'
import {
  createLogger,
  listenError,
  Metrics,
  readSettings,
  shrinkHeapWhenIdle,
  startTracing,
  systemClock,
  VERSION,
  type Environment,
} from '#libs/platform'
import { Host, openEmbeddedBus, openPostgresService, settingsReaders } from '#libs/service'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { urlOf } from './place.js'
import { createServer } from 'node:net'
import type * as Console from '../../../console/src/console.js'

export interface EmbeddedSystem {
  url: string
  dataDir: string
  /** Rejects if the database ends while the system runs, because nothing works without it. */
  failed: Promise<never>
  stop(): Promise<void>
}

interface EmbeddedOptions {
  port: number
  dataDir: string
  environment: Environment
  /** Runs with the folder locked, before anything is started in it. */
  prepare(dataDir: string): Promise<void>
  /** Only for `demo`. */
  walkthrough?: Console.ConsoleOptions['walkthrough']
}

/** Composition root of embedded mode: all services, their database and their bus in this process and its data folder. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedSystem> {
  const dataDir = resolve(options.dataDir)
  const environment: Environment = {
    ...options.environment,
    HMS_PROFILE: 'dev',
    HMS_BUS: 'embedded',
    HMS_DATA_DIR: dataDir,
    HMS_PORT: String(options.port),
  }
  const [config] = await readSettings([() => readHostConfig(environment), ...(await settingsReaders(SERVICES, environment))])
  await requireFreePort(config.host, options.port)
  // The database may run as another user, who needs to traverse the folder.
  await mkdir(dataDir, { recursive: true, mode: 0o755 })
  const cleanup: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const step of cleanup.splice(0).toReversed()) await step()
  }
  try {
    const lock = await acquireFolder(dataDir, { purpose: 'hms-svc' })
    cleanup.push(() => lock.release())
    await options.prepare(dataDir)
    const database = await startPostgres({ folder: dataDir })
    cleanup.push(() => database.stop())
    await createDemoIdentity(dataDir, SERVICES)
    const url = urlOf(config.host, options.port)
    const log = createLogger(config.logLevel, { process: 'dev' })
    const clock = systemClock
    const metrics = new Metrics().withProcessMetrics()
    shrinkHeapWhenIdle(clock)
    const tracing = { env: environment, endpoint: config.otlpEndpoint, messaging: 'postgresql' as const, service: 'hms-svc' }
    const stopTracing = startTracing({ ...tracing, version: VERSION, clock, log, metrics })
    const host = await Host.create(SERVICES, {
      profile: 'dev',
      environment: { ...environment, HMS_LINTER_URLS: url },
      clock,
      log,
      metrics,
      roster: await readRosterFile(config),
      bus: openEmbeddedBus(database.url, clock, log),
      signerOf: (service) => readServiceSigner(service, config, environment),
      signerNamed: (name) => readNamedSigner(name, config, environment),
      open: (definition) => openPostgresService(definition, { url: database.url, clock, log, embedded: true, folder: dataDir }),
      configStoreUrls: [url],
      version: VERSION,
      stopTracing,
    })
    cleanup.push(() => host.stop())
    const { addConsole } = await loadProgram<typeof Console>('console/src/console')
    addConsole(host.app.getHttpAdapter().getInstance(), {
      urlsOf: () => [url],
      roster: config.roster ?? join(config.dataDir, 'roster.json'),
      environment: 'dev',
      walkthrough: options.walkthrough,
      contacts: config.securityContact,
    })
    await host.start({ host: config.host, port: options.port })
    let stopping = false
    const failed = database.exited.then((): Promise<never> => {
      if (stopping) return new Promise(() => {})
      const detail = 'The embedded database ended by itself; its log lies in the data folder. What was accepted is kept.'
      throw new HmsError('HMS_DATABASE_ENDED', detail, { status: 500, next: ['hms-svc dev'] })
    })
    failed.catch(() => {})
    return {
      url,
      dataDir,
      failed,
      stop: () => {
        stopping = true
        return stop()
      },
    }
  } catch (error) {
    await stop().catch(() => {})
    return rethrowEmbedded(error)
  }
}

/** Rethrows an `EmbeddedError` as an `HmsError`. The status determines the exit code: 409 for a resource in use, 500 for a failed start. */
export function rethrowEmbedded(error: unknown): never {
  if (!(error instanceof EmbeddedError)) throw error
  const inUse = error.code === 'HMS_DATA_FOLDER_IN_USE' || error.code === 'HMS_DATABASE_PORT_IN_USE'
  throw new HmsError(error.code, error.message, { status: inUse ? 409 : 500, next: [error.next].flat(), cause: error })
}

/** Refuses a port in use before the database is started. */
async function requireFreePort(host: string, port: number): Promise<void> {
  const server = createServer()
  await once(server.listen(port, host), 'listening').catch((error: unknown) => {
    throw listenError(host, port, error, (other) => `hms-svc dev --port ${other}`)
  })
  await new Promise((resolve) => server.close(resolve))
}
