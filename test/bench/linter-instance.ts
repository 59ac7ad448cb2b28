import { Outbox, PostgresPositionStore, type EventBus } from '#libs/messaging'
import { PostgresTimerStore, ServiceSession, type PostgresDatabase, type Transaction } from '#libs/persistence'
import { Metrics, silentLogger, systemClock } from '#libs/platform'
import { createRuntime } from '#libs/service'
import { PARCELS } from '../contracts/database.suite.js'
import { openPostgresService } from '../contracts/postgres-service.js'
import type { TestIdentity } from '../support/identity.js'
import { until } from '../support/processes.js'
import { leaderPid, type DurablePostgres } from './durable-postgres.js'
import { nowMs } from './figures.js'
import { CountingOutboxStore } from './noting.js'

const DETAIL = 'x'.repeat(400)

export interface Committed {
  id: string
  atMs: number
}

/** One of several instances of a service, wired as in production: its own pool of eight connections, session, relay and outbox. */
export class LinterInstance {
  readonly store = new CountingOutboxStore()
  private readonly runtime: ReturnType<typeof createRuntime>
  /** Its events wake no relay. */
  private readonly deaf: Outbox

  private constructor(
    readonly database: PostgresDatabase,
    readonly session: ServiceSession,
    bus: EventBus,
    identity: TestIdentity,
  ) {
    const signer = identity.serviceSigner('linter')
    const options = {
      name: 'linter',
      profile: 'dev',
      environment: {},
      database,
      clock: systemClock,
      log: silentLogger,
      metrics: new Metrics(),
    } as const
    const stores = { outbox: this.store, positions: new PostgresPositionStore(), timers: new PostgresTimerStore() }
    const coordination = {
      leadership: session,
      notify: (topic: string) => session.notify(topic),
      onNotification: (listener: (topic: string) => void) => session.onNotification(listener),
      close: () => session.stop(),
    }
    const ready = async () => ({ database: true, migrations: true })
    this.runtime = createRuntime({ ...options, roster: identity.roster, signer, configStoreUrls: [] }, stores, bus, coordination, ready)
    this.deaf = new Outbox(this.store, 'linter', signer, () => {})
  }

  static async open(url: string, bus: EventBus, identity: TestIdentity): Promise<LinterInstance> {
    const database = await openPostgresService(url, 'linter')
    const session = new ServiceSession(url, 'linter', systemClock, silentLogger)
    await session.start()
    return new LinterInstance(database, session, bus, identity)
  }

  start(): void {
    this.runtime.start()
  }

  /** Starts its relay, the only one then, and waits until it leads. */
  async lead(server: DurablePostgres): Promise<void> {
    await until('nobody leads', async () => (await leaderPid(server)) === undefined)
    this.start()
    await until('it leads', async () => (await leaderPid(server)) !== undefined)
  }

  /** Also the database's pool and the session. */
  stop(): Promise<void> {
    return this.runtime.stop()
  }

  /** A stage's transaction: lock, read, write, emit one signed event, commit. `inside` is one more statement of it. */
  async write(key: string, how: { wakes: boolean; inside?: (tx: Transaction) => Promise<unknown> }): Promise<Committed> {
    const committed = { id: '', atMs: 0 }
    await this.database.locked([key], async (tx) => {
      tx.afterCommit(() => (committed.atMs = nowMs()))
      const run = ((await tx.documents(PARCELS).get(key))?.weight ?? 0) + 1
      await tx.documents(PARCELS).put({ id: key, town: null, weight: run, postedAt: tx.now.toISOString(), label: DETAIL })
      const data = { run, attempt: 1, reason: 'BENCH', detail: DETAIL, findings: [] }
      const emitter = how.wakes ? this.runtime.outbox : this.deaf
      committed.id = (await emitter.emit(tx, 'hms.lint.failed.v1', data, { key, run, attempt: 1 })).id
      await how.inside?.(tx)
    })
    return committed
  }
}
