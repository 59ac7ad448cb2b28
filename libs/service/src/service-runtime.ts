import type { EventData, EventType, OutgoingEvent, ServiceName } from '#libs/contracts'
import {
  STATEMENT_SEAL,
  type EmitOptions,
  type EventBus,
  type EventConsumer,
  type EventSeal,
  type Outbox,
  type Relay,
  type SettleTimer,
} from '#libs/messaging'
import type {
  Database,
  DocumentTable,
  Timer,
  TimerHandler,
  TimerKind,
  TimerOfKind,
  TimerRunner,
  Transaction,
  WorkHandler,
} from '#libs/persistence'
import type { Clock, Environment, Logger, Metrics } from '#libs/platform'
import type { KeyName, Profile } from '#libs/process'
import type { Roster, Signer } from '#libs/signing'
import type { PruneRule, PruneTables } from './retention/prune-tables.js'
import type { RosterBook } from './rosters/roster-book.js'
import type { RosterReader } from './rosters/roster-reader.js'
import type { BacklogMonitor } from './vitals/backlog-monitor.js'

export interface Readiness {
  database: boolean
  migrations: boolean
  /** Why the database, which answers, takes no writes. */
  fault?: string
}

/**
 * What a service works with, whatever the adapters are. The composition root makes one per service; a module hands it to its
 * providers under this class as token.
 */
export class ServiceRuntime {
  readonly name: ServiceName
  readonly profile: Profile
  readonly environment: Environment
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly signer: Signer
  /** How events are signed and read. */
  readonly seal: EventSeal
  readonly signerNamed: (name: KeyName) => Promise<Signer | undefined>
  /** Where this service's heads go besides the bus; base URLs of the config-store instances. */
  readonly configStoreUrls: readonly string[]
  private readonly parts: RuntimeParts
  private readonly concernSources: (() => readonly string[])[] = []

  constructor(options: RuntimeOptions, parts: RuntimeParts) {
    this.name = options.name
    this.profile = options.profile
    this.environment = options.environment
    this.database = options.database
    this.clock = options.clock
    this.log = options.log
    this.metrics = options.metrics
    this.signer = options.signer
    this.seal = options.seal ?? STATEMENT_SEAL
    this.signerNamed = options.signerNamed ?? (async () => undefined)
    this.configStoreUrls = options.configStoreUrls
    this.parts = parts
  }

  /** The newest roster. Ask at every use: it is rotated while the service runs. */
  get roster(): Roster {
    return this.parts.rosters.newest
  }

  /** The chain that `roster` is the end of. */
  get rosters(): RosterBook {
    return this.parts.rosters
  }

  get consumer(): EventConsumer {
    return this.parts.consumer
  }

  get bus(): EventBus {
    return this.parts.bus
  }

  get vitals(): BacklogMonitor {
    return this.parts.vitals
  }

  get timers(): TimerRunner {
    return this.parts.timers
  }

  /** Signs an event and writes it into the transaction; the relay sends it after the commit. */
  emit<T extends EventType>(tx: Transaction, type: T, data: EventData[T], options: EmitOptions): Promise<OutgoingEvent> {
    return this.parts.outbox.emit(tx, type, data, options)
  }

  /** Makes a compacted topic forget a key; `type` is that of the key's events. */
  erase(tx: Transaction, type: Parameters<Outbox['erase']>[1], key: string): Promise<void> {
    return this.parts.outbox.erase(tx, type, key)
  }

  /** The clock for every time that others go by: this process's own may be off. */
  databaseTime(): Promise<Date> {
    return this.database.transaction(async (tx) => tx.now)
  }

  /** A wait as a row; fires in this or another instance, also after a crash. */
  async schedule<D extends object>(tx: Transaction, timer: TimerOfKind<D>): Promise<void> {
    await this.parts.timers.store.schedule(tx, timer)
    tx.afterCommit(() => this.parts.wakeTimers(timer.dueAt.getTime() - tx.now.getTime()))
  }

  async cancel(tx: Transaction, ...ids: string[]): Promise<void> {
    await this.parts.timers.store.cancel(tx, ...ids)
  }

  onTimer<D extends object>(kind: TimerKind<D>, handler: TimerHandler<D>): void {
    this.parts.timers.on(kind, handler)
  }

  onWork<D extends object>(kind: TimerKind<D>, work: WorkHandler<D>, leaseMs?: number): void {
    this.parts.timers.onWork(kind, work, leaseMs)
  }

  /**
   * For timers of this kind that go on failing, which become dead letters: runs in the transaction that removes them. Without it the run
   * that `data` names (`run`, `attempt`) is poisoned.
   */
  onGivenUp<D extends object>(kind: TimerKind<D>, settle: SettleTimer<D>): void {
    this.parts.settlers.set(kind, settle as unknown as SettleTimer)
  }

  pendingTimers(tx: Transaction, idPrefix: string): Promise<Timer[]> {
    return this.parts.timers.store.pending(tx, idPrefix)
  }

  /** What decides about stale rows of a table besides their age. */
  prunes<T extends object>(table: DocumentTable<T>, rule: PruneRule<T>): void {
    this.parts.pruneTables.rule(table, rule)
  }

  /** Tells other instances of this service; every instance, this one too, hears it through `onSignal`. */
  signal(topic: string): void {
    this.parts.signal(topic)
  }

  onSignal(topic: string, listener: () => void): void {
    this.parts.onSignal(topic, listener)
  }

  /** Reads how far the roster was rotated before this start; before anything else. */
  open(): Promise<void> {
    return this.parts.rosterReader.open()
  }

  start(): void {
    this.parts.rosterReader.start()
    this.parts.relay.start()
    this.parts.timers.start()
    this.parts.vitals.start()
  }

  /** Stops taking work, lets what runs finish, then closes the database. */
  async stop(): Promise<void> {
    this.parts.rosterReader.stop()
    this.parts.consumer.stop()
    this.parts.vitals.stop()
    await this.parts.timers.stop()
    await this.parts.relay.stop()
    await this.parts.close()
  }

  /** Database reachable and migrated: what `/readyz` asks. */
  ready(): Promise<Readiness> {
    return this.parts.ready()
  }

  /**
   * What people should look at while the service answers: shows in `/readyz` as degraded. `read` is asked at each probe; none when all is
   * well.
   */
  onConcerns(read: () => readonly string[]): void {
    this.concernSources.push(read)
  }

  get concerns(): string[] {
    return this.concernSources.flatMap((read) => read())
  }

  /** For tests on virtual time. */
  get idle(): boolean {
    return this.parts.relay.idle && this.parts.timers.idle && this.parts.consumer.idle
  }
}

export interface RuntimeOptions {
  name: ServiceName
  /** The service's own document tables, for what is pruned by age. */
  tables?: readonly DocumentTable<never>[]
  profile: Profile
  environment: Environment
  database: Database
  clock: Clock
  log: Logger
  metrics: Metrics
  /** The one that this process is pinned to. */
  roster: Roster
  signer: Signer
  signerNamed?: (name: KeyName) => Promise<Signer | undefined>
  /** How events are signed and read; as statements unless said otherwise. */
  seal?: EventSeal
  configStoreUrls: readonly string[]
}

export interface RuntimeParts {
  bus: EventBus
  consumer: EventConsumer
  outbox: Outbox
  relay: Relay
  timers: TimerRunner
  vitals: BacklogMonitor
  pruneTables: PruneTables
  rosters: RosterBook
  rosterReader: RosterReader
  /** A timer is due in so many milliseconds. */
  wakeTimers(inMs: number): void
  settlers: Map<string, SettleTimer>
  signal(topic: string): void
  onSignal(topic: string, listener: () => void): void
  ready(): Promise<Readiness>
  close(): Promise<void>
}
