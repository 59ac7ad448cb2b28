import { startKafka, type TestBroker } from '../../support/broker/start-kafka.js'
import { freePort, scratchFolder } from '../../support/processes.js'
import { TcpProxy } from '../../support/tcp-proxy/tcp-proxy.js'
import type { History } from '../history.js'
import { fleetEnvironment, makeTablesAndTopics } from './fleet-environment.js'
import { Fleet } from './fleet.js'
import { KillableDatabase } from './killable-database.js'

/** Bots that fell silent must not hold a run for half a minute. */
const SHORT_WAITS = { HMS_ROLLOUT_ACKNOWLEDGE_TIMEOUT: '3s', HMS_CANARY_CONTROLLER_ACKNOWLEDGE_TIMEOUT: '3s' }

/** What stands between the services and what they need. */
export interface Network {
  broker: TcpProxy
  database: TcpProxy
}

/**
 * Everything real: eight services (or twice that), the edge, a broker and a database of their own, with a proxy before each of those two.
 */
export class KillSystem {
  private constructor(
    readonly env: Record<string, string>,
    readonly broker: TestBroker,
    readonly database: KillableDatabase,
    readonly network: Network,
    readonly fleet: Fleet,
    private readonly removeFolder: () => void,
  ) {}

  static async start(instances: number, history: History): Promise<KillSystem> {
    const scratch = scratchFolder()
    const [port, database] = await Promise.all([freePort(), KillableDatabase.start(scratch.path)])
    const network: Network = {
      broker: await TcpProxy.start({ host: '127.0.0.1', port }),
      database: await TcpProxy.start({ host: '127.0.0.1', port: database.port }),
    }
    const broker = await startKafka({ port, advertisedPort: network.broker.port })
    const env: Record<string, string> = {
      ...fleetEnvironment(scratch.path, [network.broker.address], network.database.url(database.url)),
      ...SHORT_WAITS,
    }
    await makeTablesAndTopics(env)
    const system = new KillSystem(
      env,
      broker,
      database,
      network,
      await Fleet.start(env, { of: (name) => (name === 'edge' ? 1 : instances) }, history),
      scratch.remove,
    )
    await system.fleet.ready().catch(async (error: unknown) => {
      await system.stop()
      throw error
    })
    return system
  }

  get url(): string {
    return this.fleet.url
  }

  get dataDir(): string {
    return this.env['HMS_DATA_DIR']!
  }

  async stop(): Promise<void> {
    await this.fleet.stop()
    await Promise.all([this.broker.stop(), this.database.close()])
    await Promise.all([this.network.broker.stop(), this.network.database.stop()])
    this.removeFolder()
  }
}
