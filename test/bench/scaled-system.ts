import { KillableDatabase } from '../kill/fleet/killable-database.js'
import { fleetEnvironment, makeTablesAndTopics } from '../kill/fleet/fleet-environment.js'
import { Fleet } from '../kill/fleet/fleet.js'
import { History } from '../kill/history.js'
import { BrokerCluster } from '../support/broker/broker-cluster.js'
import { scratchFolder } from '../support/processes.js'
import { cpuTime, processMs } from './cpu-time.js'

/** So many brokers, as many copies of each record, and so many of each service, on a durable database of their own. */
export class ScaledSystem {
  private constructor(
    readonly env: Record<string, string>,
    readonly broker: BrokerCluster,
    readonly database: KillableDatabase,
    readonly fleet: Fleet,
    private readonly removeFolder: () => void,
  ) {}

  static async start(brokers: number, instances: number): Promise<ScaledSystem> {
    const scratch = scratchFolder()
    const [broker, database] = await Promise.all([BrokerCluster.start(brokers), KillableDatabase.start(scratch.path)])
    const env: Record<string, string> = {
      ...fleetEnvironment(scratch.path, broker.brokers, database.url),
      HMS_KAFKA_REPLICATION: String(brokers),
    }
    await makeTablesAndTopics(env)
    const fleet = await Fleet.start(env, { of: (name) => (name === 'edge' ? 1 : instances) }, new History(0))
    await fleet.ready()
    return new ScaledSystem(env, broker, database, fleet, scratch.remove)
  }

  get url(): string {
    return this.fleet.url
  }

  get dataDir(): string {
    return this.env['HMS_DATA_DIR']!
  }

  /** Milliseconds of processor time so far, by kind of process. */
  cpu(): Map<string, number> {
    const used = new Map<string, number>()
    const add = (name: string, ms: number): void => void used.set(name, (used.get(name) ?? 0) + ms)
    for (const { name, pid } of this.fleet.members) add(name, processMs(pid))
    for (const { pid } of this.broker.nodes) add('brokers', processMs(pid))
    add('database', cpuTime(this.database.pid).database)
    return used
  }

  async stop(): Promise<void> {
    await this.fleet.stop()
    await Promise.all([this.broker.stop(), this.database.close()])
    this.removeFolder()
  }
}
