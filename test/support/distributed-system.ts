import { variableOf } from '#libs/process'
import { join } from 'node:path'
import { SERVICES, type ServiceName } from '#libs/contracts'
import { ADMIN } from './broker/server-properties.js'
import { startKafka, type TestBroker } from './broker/start-kafka.js'
import { freshDatabase } from './postgres.js'
import { freePort, hms, ready, scratchFolder, Served, until } from './processes.js'

interface Brokers {
  brokers: string[]
  stop(): Promise<void>
}

export interface SystemOptions {
  /** A server of the test's own, else a fresh database of the shared one. */
  databaseUrl?: string
  /** What every process gets beside the rest. */
  common?: Record<string, string>
  /** What one process gets beside the rest. */
  envOf?: (name: ServiceName | 'edge') => Record<string, string>
  /** Who may log in at the broker, where everybody has to. */
  users?: Record<string, string>
}

/** Patient: nine processes that start at once on a busy machine take their time. */
const READY_MS = 240_000

/** Eight services and the edge, each a process of its own, on a real broker, or several, and a database of their own. */
export class DistributedSystem<B extends Brokers = TestBroker> {
  private constructor(
    readonly env: Record<string, string>,
    private readonly envOf: (name: ServiceName | 'edge') => Record<string, string>,
    readonly url: string,
    readonly folder: string,
    readonly broker: B,
    private readonly served: Map<ServiceName | 'edge', Served>,
    private readonly cleanup: () => Promise<void>,
  ) {}

  /** On a broker that grants every service its rights of the catalogue, and nothing else. */
  static startSecured(): Promise<DistributedSystem> {
    const users = Object.fromEntries(SERVICES.map((service) => [`hms-${service}`, `${service}-secret`]))
    const envOf = (name: ServiceName | 'edge'): Record<string, string> =>
      name === 'edge' ? {} : { HMS_KAFKA_SASL: `scram-sha-512:hms-${name}:${name}-secret` }
    return DistributedSystem.start({ envOf, users })
  }

  static start(options: SystemOptions = {}): Promise<DistributedSystem> {
    return DistributedSystem.startOn(startKafka({ users: options.users }), options)
  }

  /** On brokers that the test starts as it needs them; they are stopped with the rest. */
  static async startOn<B extends Brokers>(
    starting: Promise<B>,
    { databaseUrl, common = {}, envOf = () => ({}), users }: SystemOptions = {},
  ): Promise<DistributedSystem<B>> {
    const scratch = scratchFolder()
    const shared = databaseUrl === undefined ? freshDatabase() : Promise.resolve({ url: databaseUrl, drop: async () => {} })
    const [broker, database, port] = await Promise.all([starting, shared, freePort()])
    const url = `http://127.0.0.1:${port}`
    const env: Record<string, string> = {
      HMS_PROFILE: 'dev',
      HMS_BUS: 'kafka',
      HMS_KAFKA_BROKERS: broker.brokers.join(','),
      HMS_DATABASE_URL: database.url,
      HMS_DATA_DIR: join(scratch.path, 'data'),
      HMS_PORT: String(port),
      HMS_URL: url,
      ...common,
    }
    for (const service of SERVICES) {
      const own = await freePort()
      env[variableOf(service, 'PORT')] = String(own)
      env[variableOf(service, 'URLS')] = `http://127.0.0.1:${own}`
    }
    const operator: Record<string, string> =
      users === undefined ? {} : { HMS_KAFKA_SASL: `scram-sha-512:${ADMIN.username}:${ADMIN.password}` }
    for (const verb of [['migrate'], ['topics', 'apply']]) {
      const done = await hms(verb, { ...env, ...operator })
      if (done.code !== 0) throw new Error(`${verb.join(' ')}: ${done.stderr}`)
    }
    const served = new Map<ServiceName | 'edge', Served>()
    const system = new DistributedSystem(env, envOf, url, scratch.path, broker, served, async () => {
      await Promise.all([...served.values()].map((process) => process.stop()))
      await broker.stop()
      await database.drop()
      scratch.remove()
    })
    for (const name of [...SERVICES, 'edge' as const]) system.serve(name)
    try {
      await until('eight services behind one port are ready', () => ready(url), READY_MS)
    } catch (error) {
      const cause = await system.notReady()
      await system.stop()
      throw new Error(`${(error as Error).message}\n${cause}`, { cause: error })
    }
    return system
  }

  /** Which processes do not say that they are ready, and what they said last. */
  private async notReady(): Promise<string> {
    const told = await Promise.all(
      [...this.served].map(async ([name, process]) => {
        const url = name === 'edge' ? this.url : this.env[variableOf(name, 'URLS')]!
        return (await ready(url)) ? [] : [`${name}${process.ended ? ' (ended)' : ''}: ${process.output.slice(-1_000)}`]
      }),
    )
    return told.flat().join('\n')
  }

  serve(name: ServiceName | 'edge'): void {
    this.served.set(name, Served.start(['serve', name], { ...this.env, ...this.envOf(name) }))
  }

  async killAndRestart(name: ServiceName): Promise<void> {
    await this.served.get(name)!.kill()
    this.serve(name)
  }

  stop(): Promise<void> {
    return this.cleanup()
  }
}
