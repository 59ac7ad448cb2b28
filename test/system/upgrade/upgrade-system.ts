import { join } from 'node:path'
import { KillableDatabase } from '../../kill/fleet/killable-database.js'
import { fleetEnvironment, makeTablesAndTopics } from '../../kill/fleet/fleet-environment.js'
import { Fleet } from '../../kill/fleet/fleet.js'
import type { History } from '../../kill/history.js'
import { Balancer } from '../../support/balancer.js'
import { startKafka, type TestBroker } from '../../support/broker/start-kafka.js'
import { scratchFolder, until } from '../../support/processes.js'
import { buildBefore, type OlderBuild } from './older-build.js'

/** What people and bots speak with: the other one answers while one is replaced. */
const TWICE: readonly string[] = ['approver', 'config-store', 'edge']

/** Services of the build before on a database and a broker of their own, behind one address. */
export class UpgradeSystem {
  private constructor(
    readonly env: Record<string, string>,
    readonly before: OlderBuild,
    readonly folder: string,
    readonly broker: TestBroker,
    readonly database: KillableDatabase,
    readonly fleet: Fleet,
    private readonly balancer: Balancer,
    private readonly removeFolder: () => void,
  ) {}

  static async start(history: History): Promise<UpgradeSystem> {
    const scratch = scratchFolder()
    const before = await buildBefore(join(scratch.path, 'before'))
    const [database, broker] = await Promise.all([KillableDatabase.start(scratch.path), startKafka()])
    const env = fleetEnvironment(scratch.path, broker.brokers, database.url)
    await makeTablesAndTopics(env, before.bin)
    const fleet = await Fleet.start(env, { of: (name) => (TWICE.includes(name) ? 2 : 1), bin: before.bin }, history)
    const balancer = await Balancer.start(fleet.of('edge').map(({ url }) => Number(new URL(url).port)))
    env['HMS_URL'] = balancer.url
    const system = new UpgradeSystem(env, before, scratch.path, broker, database, fleet, balancer, scratch.remove)
    await fleet.ready().catch(async (error: unknown) => {
      await system.stop()
      throw error
    })
    return system
  }

  /** The one address of both edges. */
  get url(): string {
    return this.balancer.url
  }

  get dataDir(): string {
    return this.env['HMS_DATA_DIR']!
  }

  /** One process after the other, each ready before the next one stops. */
  async replace(bin: string, order: (members: Fleet['members']) => Fleet['members']): Promise<void> {
    for (const member of order(this.fleet.members)) {
      await member.restart(bin)
      await until(`${member.title} is back`, () => member.ready(), 120_000)
    }
  }

  async stop(): Promise<void> {
    await this.fleet.stop()
    await Promise.all([this.balancer.stop(), this.broker.stop(), this.database.close()])
    this.removeFolder()
  }
}
