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
  /** Why a responding database accepts no writes. */
  fault?: string
}

/**
 * Dependencies of a service, independent of the adapters. The composition root creates one per service; a module provides it under this
 * class as injection token.
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
  /** Signs and verifies events. */
  readonly seal: EventSeal
  readonly signerNamed: (name: KeyName) => Promise<Signer | undefined>
  /** Base URLs of the config-store instances to which this service sends heads directly, besides the bus. */
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

  /** The newest roster. Read it at every use: it is rotated while the service runs. */
  get roster(): Roster {
    return this.parts.rosters.newest
  }

  /** The chain that ends with `roster`. */
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

  /** Publishes a tombstone for a key of a compacted topic; `type` is that of the key's events. */
  erase(tx: Transaction, type: Parameters<Outbox['erase']>[1], key: string): Promise<void> {
    return this.parts.outbox.erase(tx, type, key)
  }

  /** Returns the database's time, for every time that others rely on: this process's clock may be off. */
  databaseTime(): Promise<Date> {
    return this.database.transaction(async (tx) => tx.now)
  }

  /** Schedules a timer as a row; it fires in this or another instance, also after a crash. */
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
   * Registers the handler of failing timers of this kind, which become dead letters; it runs in the transaction that removes them. Without
   * it, the run named in `data` (`run`, `attempt`) is poisoned.
   */
  onGivenUp<D extends object>(kind: TimerKind<D>, settle: SettleTimer<D>): void {
    this.parts.settlers.set(kind, settle as unknown as SettleTimer)
  }

  pendingTimers(tx: Transaction, idPrefix: string): Promise<Timer[]> {
    return this.parts.timers.store.pending(tx, idPrefix)
  }

  /** Registers a pruning rule for a table, in addition to the age of its rows. */
  prunes<T extends object>(table: DocumentTable<T>, rule: PruneRule<T>): void {
    this.parts.pruneTables.rule(table, rule)
  }

  /** Notifies all instances of this service, including this one, through `onSignal`. */
  signal(topic: string): void {
    this.parts.signal(topic)
  }

  onSignal(topic: string, listener: () => void): void {
    this.parts.onSignal(topic, listener)
  }

  /** Loads the newest roster stored before this start; call it before anything else. */
  open(): Promise<void> {
    return this.parts.rosterReader.open()
  }

  start(): void {
    this.parts.rosterReader.start()
    this.parts.relay.start()
    this.parts.timers.start()
    this.parts.vitals.start()
  }

  /** Stops accepting work, lets running work finish, then closes the database. */
  async stop(): Promise<void> {
    this.parts.rosterReader.stop()
    this.parts.consumer.stop()
    this.parts.vitals.stop()
    await this.parts.timers.stop()
    await this.parts.relay.stop()
    await this.parts.close()
  }

  /** Whether the database is reachable and migrated, for `/readyz`. */
  ready(): Promise<Readiness> {
    return this.parts.ready()
  }

  /**
   * Registers a source of warnings for operators, shown in `/readyz` as degraded. `read` is called at each probe; it returns an empty list
   * if there is no problem.
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
  /** The service's own document tables, for pruning by age. */
  tables?: readonly DocumentTable<never>[]
  profile: Profile
  environment: Environment
  database: Database
  clock: Clock
  log: Logger
  metrics: Metrics
  /** Pinned roster of this process. */
  roster: Roster
  signer: Signer
  signerNamed?: (name: KeyName) => Promise<Signer | undefined>
  /** Format of events; default: signed statements. */
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
  /** Wakes the timers in `inMs` milliseconds. */
  wakeTimers(inMs: number): void
  settlers: Map<string, SettleTimer>
  signal(topic: string): void
  onSignal(topic: string, listener: () => void): void
  ready(): Promise<Readiness>
  close(): Promise<void>
}
