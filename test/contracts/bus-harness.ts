import type { OutgoingEvent } from '#libs/contracts'
import { Outbox, Reconciler, Relay, type BusRecord, type EventBus, type OutboxStore } from '#libs/messaging'
import { MemoryOutboxStore } from '#libs/messaging/testing'
import type { Database } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger, systemClock, uuidv7 } from '#libs/platform'
import { testIdentity, type TestIdentity } from '../support/identity.js'

export const TOPIC = { name: 'hms.lint.v1', producers: ['linter'] }

/** Compacted, and one partition. */
export const STATE_TOPIC = { name: 'hms.config.state.v1', producer: 'linter' }

/** A log with one producer, the linter, whose outbox a real relay empties; `open` is what a new process would do. */
export class BusHarness {
  private readonly open = new Set<EventBus>()
  private readonly outbox: Outbox
  private readonly relay: Relay
  private names = 0
  private states = 0
  /** Puts a record on `STATE_TOPIC`, by the outbox; the relay sends it. */
  readonly append: (key: string, value: string | null) => Promise<void>

  private constructor(
    readonly identity: TestIdentity,
    private readonly openAdapter: () => EventBus,
    private readonly database: Database,
    store: OutboxStore,
  ) {
    const writer = this.openBus()
    // In one process every reader is notified of sent records, whichever bus it reads through.
    const announcing: EventBus = {
      publish: (events) => writer.publish(events),
      announce: (...sent) => this.open.forEach((bus) => bus.announce(...sent)),
      findLost: (topic, acknowledged) => writer.findLost(topic, acknowledged),
      read: (topic, place) => writer.read(topic, place),
      scan: (topics, since) => writer.scan(topics, since),
      writeHeartbeats: (topics) => writer.writeHeartbeats(topics),
      subscribe: (subscription) => writer.subscribe(subscription),
      state: () => writer.state(),
      lag: () => writer.lag(),
      rates: (now) => writer.rates(now),
      close: () => writer.close(),
    }
    this.append = async (key, value) => {
      await database.transaction((tx) => store.append(tx, stateEvent(key, value, ++this.states)))
      this.relay.wake()
    }
    this.outbox = new Outbox(store, 'linter', identity.serviceSigner('linter'), () => this.relay.wake())
    const reconciler = new Reconciler(database, store, announcing, '/hms-svc/linter', silentLogger, new Metrics())
    this.relay = new Relay(
      database,
      store,
      announcing,
      { tryLead: async () => true },
      reconciler,
      '/hms-svc/linter',
      systemClock,
      silentLogger,
    )
    this.relay.start()
  }

  /** `database` and `store`: where the linter's outbox lies; in memory unless given. */
  static async create(
    openAdapter: () => EventBus,
    database: Database = new MemoryDatabase(systemClock),
    store: OutboxStore = new MemoryOutboxStore(),
  ): Promise<BusHarness> {
    return new BusHarness(await testIdentity(), openAdapter, database, store)
  }

  openBus(): EventBus {
    const bus = this.openAdapter()
    this.open.add(bus)
    return bus
  }

  async closeBus(bus: EventBus): Promise<void> {
    this.open.delete(bus)
    await bus.close()
  }

  /** A name that no other test of this harness uses; as a group it belongs to the simulator. */
  name(): string {
    return `simulator.t${++this.names}`
  }

  /** One event per key, in this order; the relay sends them. */
  async emit(...keys: string[]): Promise<void> {
    for (const key of keys) {
      const data = { run: 7, attempt: 1, reason: 'TEST', detail: key, findings: [] }
      await this.database.transaction((tx) => this.outbox.emit(tx, 'hms.lint.failed.v1', data, { key, run: 7, attempt: 1 }))
    }
  }

  async close(): Promise<void> {
    await this.relay.stop()
    for (const bus of this.open) await this.closeBus(bus)
  }
}

function stateEvent(key: string, value: string | null, keySeq: number): OutgoingEvent {
  const now = new Date()
  const head = { id: uuidv7(now), source: '/hms-svc/linter', type: 'hms.state.recorded.v1', topic: STATE_TOPIC.name }
  return { ...head, key, keySeq, time: now.toISOString(), value }
}

/** Reads a group's records of some keys; `meet` waits without a clock. */
export class Reading {
  readonly records: BusRecord[] = []
  private readonly waiting = new Set<() => void>()

  constructor(private readonly keys: readonly string[]) {}

  readonly handle = async (record: BusRecord): Promise<void> => {
    if (!this.keys.includes(record.key ?? '')) return
    this.records.push(record)
    for (const check of this.waiting) check()
  }

  /** Numbers of a key, each once, in the order of their first delivery. */
  seqs(key = this.keys[0]!): number[] {
    return [...new Set(this.records.filter((record) => record.key === key).map((record) => Number(record.headers['ce_keyseq'])))]
  }

  /** Resolves when `count` different records came. */
  meet(count: number): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.keys.reduce((sum, key) => sum + this.seqs(key).length, 0) < count) return
        this.waiting.delete(check)
        resolve()
      }
      this.waiting.add(check)
      check()
    })
  }
}
