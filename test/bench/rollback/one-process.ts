import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, ready, scratchFolder, Served, until } from '../../support/processes.js'
import { Approver } from './approver.js'
import { Floor } from './floor.js'
import { printRow } from './print-row.js'
import { connectBots, rollBack, type Rollback } from './roll-back.js'

const BOTS = 1_000
const ROLLBACKS = 10
const STOP_MS = 15_000
const POLICY = 'epa-pm25-limit'

/** All services in one process, and 1,000 bots: each rollback takes back a version that has just come. */
export class OneProcess {
  private constructor(
    private readonly env: Record<'HMS_URL' | 'HMS_DATA_DIR', string>,
    private readonly dev: Served,
    private readonly removeFolder: () => void,
  ) {}

  /** Begins to start it. */
  static async launch(): Promise<OneProcess> {
    const folder = scratchFolder()
    const port = await freePort()
    const env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: join(folder.path, 'data') }
    const dev = Served.start(['dev', '--port', String(port), '--data', env.HMS_DATA_DIR], {})
    return new OneProcess(env, dev, folder.remove)
  }

  async measure(): Promise<void> {
    const { HMS_URL: url, HMS_DATA_DIR: dataDir } = this.env
    await until('dev is ready', () => ready(url))
    const approver = await Approver.open(url, dataDir)
    const approve = async (): Promise<void> => approver.ended(await approver.approve(POLICY, { observeMs: 0, bakeMs: 0 }))
    await approve()
    const [bots, floor] = [await connectBots(url, BOTS), await Floor.follow(url)]
    await printRow(`one process, ${BOTS} bots`, async () => {
      const rollbacks: Rollback[] = []
      for (let round = 0; round < ROLLBACKS; round++) {
        await approve()
        rollbacks.push(await rollBack(this.env, POLICY, '1.0.0', bots))
      }
      return { rollbacks }
    })
    await Promise.all(bots.map(({ connection }) => connection.close()))
    await printRow('floor of that', async () => ({ rollbacks: await floor.measure(BOTS) }))
  }

  /** In order, also while it is measured; killed when that takes too long, and then its database too, which would outlive it. */
  async stop(): Promise<void> {
    const late = setTimeout(() => void this.dev.kill(), STOP_MS)
    await this.dev.stop()
    clearTimeout(late)
    const lock = join(this.env.HMS_DATA_DIR, 'postgres', 'postmaster.pid')
    if (existsSync(lock)) process.kill(Number(readFileSync(lock, 'utf8').split('\n')[0]), 'SIGQUIT')
    this.removeFolder()
  }
}
