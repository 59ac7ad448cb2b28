import { until } from '../../support/processes.js'
import { ScaledSystem } from '../scaled-system.js'
import { Approver } from './approver.js'
import { Floor } from './floor.js'
import { connectBots, rollBack, type Bot, type Rollback } from './roll-back.js'

const BROKERS = 3
const BOTS = 100
const ROLLBACKS = 5
const SHOWN_MS = 30_000
const POLICY = 'epa-pm25-limit'
const OTHER = 'epa-ozone-limit'
const OLDER = ['1.0.0', '2.0.0'] as const
const NEWEST = '3.0.0'
const AT_ONCE = { observeMs: 0, bakeMs: 0 }
/** Of half of the bots, and longer than any row takes. */
const LONG_CANARY = { share: 5_000, observeMs: 3_600_000, bakeMs: 0 }

export interface Canary {
  id: string
  run: number
  version: string
}

/** Eight services, each a process, on three brokers, with bots that read a policy that goes back to either of two older versions. */
export class RollbackSystem {
  private rollbacks = 0

  private constructor(
    readonly processes: ScaledSystem,
    readonly approver: Approver,
    private readonly bots: readonly Bot[],
    private readonly floor: Floor,
  ) {}

  static async start(): Promise<RollbackSystem> {
    const processes = await ScaledSystem.start(BROKERS, 1)
    const approver = await Approver.open(processes.url, processes.dataDir)
    const [bots, floor] = await Promise.all([connectBots(processes.url, BOTS), Floor.follow(processes.url)])
    const system = new RollbackSystem(processes, approver, bots, floor)
    for (const _ of [...OLDER, NEWEST]) await approver.ended(await approver.approve(POLICY, AT_ONCE))
    // The first one loads and compiles what the others find.
    await system.rollBack()
    return system
  }

  measureFloor(): Promise<Rollback[]> {
    return this.floor.measure(BOTS)
  }

  /** While nothing is wrong. */
  rollBackQuietly(count: number): Promise<Rollback[]> {
    const nothing = async (): Promise<void> => {}
    return this.rollBackEach(nothing, nothing, count)
  }

  /** Each of them while `isThere` says so of what is measured, before it and after it. */
  rollBackWhile(what: string, isThere: () => Promise<boolean>): Promise<Rollback[]> {
    const insist = async (): Promise<void> => {
      if (!(await isThere())) throw new Error(`${what} is not there`)
    }
    return this.rollBackEach(insist, insist)
  }

  async rollBackEach(before: () => Promise<void>, after: () => Promise<void>, count = ROLLBACKS): Promise<Rollback[]> {
    const rollbacks: Rollback[] = []
    for (let round = 0; round < count; round++) {
      await before()
      rollbacks.push(await this.rollBack())
      await after()
    }
    return rollbacks
  }

  /** The newest version is in force again: no rollback of a row brings it back. */
  async goForward(): Promise<void> {
    await rollBack(this.processes.env, POLICY, NEWEST, this.bots)
  }

  /** A canary that some bots run. `same`: of the policy that is taken back. */
  async startCanary({ same }: { same: boolean }): Promise<Canary> {
    const id = same ? POLICY : OTHER
    const run = await this.approver.approve(id, LONG_CANARY)
    const { version } = (await this.approver.show(run)).policies[0]!
    const canary = { id, run, version }
    await until(`the canary of ${id}@${version} is there`, () => this.shows(canary), SHOWN_MS)
    return canary
  }

  /** Whether its run is in CANARY, and some bots but not all run its version. */
  async shows({ id, run, version }: Canary): Promise<boolean> {
    const readers = this.bots.filter(({ connection }) => connection.ids().includes(id) && connection.get(id).version === version)
    return readers.length > 0 && readers.length < this.bots.length && (await this.approver.show(run)).state === 'CANARY'
  }

  async stop(): Promise<void> {
    await Promise.all(this.bots.map(({ connection }) => connection.close()))
    await this.processes.stop()
  }

  private rollBack(): Promise<Rollback> {
    return rollBack(this.processes.env, POLICY, OLDER[this.rollbacks++ % OLDER.length]!, this.bots)
  }
}
