import { peekPredicate, type Envelope, type OutgoingEvent, type VerifiedEvent } from '#libs/contracts'
import {
  DEAD_LETTERS,
  EventConsumer,
  Outbox,
  type DeadLetter,
  type HandlerResult,
  type OutboxStore,
  type PositionStore,
} from '#libs/messaging'
import { MemoryBus } from '#libs/messaging/testing'
import type { Transaction } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger, type Logger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import type { EventPredicate } from '#libs/signing'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { PARCELS } from './database.suite.js'
import { signedRecord, type RecordSpec } from './signed-record.js'
import type { Adapter } from './adapter.js'

export type ConsumerAdapter = Adapter & { outbox: OutboxStore; positions: PositionStore }

/** The simulator reads the linter's topic, with a handler that tests replace. */
export class ConsumerHarness {
  readonly clock = new VirtualClock()
  readonly metrics = new Metrics()
  readonly handled: number[] = []
  /** What was logged at level `error`. */
  readonly alarms: Record<string, unknown>[] = []
  readonly consumer: EventConsumer
  /** Replaced by tests that want a handler to fail, or to answer. */
  behave: (event: VerifiedEvent, tx: Transaction) => Promise<HandlerResult> = async () => {}

  private constructor(
    readonly adapter: ConsumerAdapter,
    /** Tests replace it, as a roster replaces revoked keys. */
    public identity: TestIdentity,
  ) {
    const { clock, metrics } = this
    const { database, positions } = adapter
    const outbox = new Outbox(adapter.outbox, 'simulator', identity.serviceSigner('simulator'), () => {})
    const log: Logger = { ...silentLogger, error: (fields) => void this.alarms.push(fields) }
    // No test waits an hour for a missing event; how long one has waited is the store's to know.
    const impatient = Object.assign(Object.create(positions) as PositionStore, { overdue: (tx: Transaction) => positions.overdue(tx, 0) })
    const rest = { clock, log, metrics, roster: () => this.identity.roster, bus: new MemoryBus() }
    this.consumer = new EventConsumer({
      service: 'simulator',
      stageTopic: 'hms.simulation.v1',
      database,
      positions: impatient,
      outbox,
      ...rest,
    })
    this.consumer.onTopic('hms.lint.v1', async (event, tx) => {
      await tx.documents(PARCELS).put({ id: `${event.keySeq}`, town: event.key, weight: event.keySeq, postedAt: event.time })
      const answer = await this.behave(event, tx)
      tx.afterCommit(() => this.handled.push(event.keySeq))
      return answer
    })
  }

  static async open(adapter: ConsumerAdapter): Promise<ConsumerHarness> {
    return new ConsumerHarness(adapter, await testIdentity())
  }

  get isInMemory(): boolean {
    return this.adapter.database instanceof MemoryDatabase
  }

  run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.adapter.database.transaction(work)
  }

  async deliver(...specs: RecordSpec[]): Promise<void> {
    for (const spec of specs) await this.consumer.handle(await signedRecord(this.identity, spec))
  }

  letters(): Promise<DeadLetter[]> {
    return this.run((tx) => tx.documents(DEAD_LETTERS).find())
  }

  stored(): Promise<number> {
    return this.run((tx) => tx.documents(PARCELS).count())
  }

  parked(): Promise<number> {
    return this.run(async (tx) => (await this.adapter.positions.parked(tx)).count)
  }

  /** What waits in the outbox for a topic. */
  async sent(topic: string): Promise<OutgoingEvent[]> {
    return (await this.run((tx) => this.adapter.outbox.unsent(tx, 10_000))).filter((row) => row.topic === topic)
  }

  async emitted(): Promise<EventPredicate[]> {
    return (await this.sent('hms.simulation.v1')).map((row) => peekPredicate<EventPredicate>(JSON.parse(row.value!) as Envelope))
  }

  /** Counts of what became of records. */
  async outcomes(): Promise<Record<string, number>> {
    return Object.fromEntries((await this.metrics.handled.get()).values.map(({ labels, value }) => [labels.outcome!, value]))
  }
}
