import type { ServiceName } from '#libs/contracts'
import { STATEMENT_SEAL, type EventBus, type EventConsumer, type EventSeal, type Outbox, type Relay } from '#libs/messaging'
import type { Database, DocumentTable, Timers } from '#libs/persistence'
import type { Clock, Environment, Logger, Metrics } from '#libs/platform'
import type { KeyName, Profile } from '#libs/process'
import type { Roster, Signer } from '#libs/signing'
import { Concerns } from './concerns.js'
import type { PruneTables } from './retention/prune-tables.js'
import type { Rosters } from './rosters/rosters.js'
import type { RosterReader } from './rosters/roster-reader.js'
import type { Signals } from './signals.js'
import type { BacklogMonitor } from './vitals/backlog-monitor.js'

export interface Readiness {
  database: boolean
  migrations: boolean
  /** Why a responding database accepts no writes. */
  fault?: string
}

/** One service of a process as its host opens, starts and stops it, with its dependencies, independent of the adapters. */
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
  readonly concerns = new Concerns()
  readonly bus: EventBus
  readonly consumer: EventConsumer
  readonly outbox: Outbox
  readonly timers: Timers
  readonly signals: Signals
  /** The chain of rosters; `newest` is in force. */
  readonly rosters: Rosters
  readonly pruning: PruneTables

  constructor(
    options: RuntimeOptions,
    private readonly parts: RuntimeParts,
  ) {
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
    this.bus = parts.bus
    this.consumer = parts.consumer
    this.outbox = parts.outbox
    this.timers = parts.timers
    this.signals = parts.signals
    this.rosters = parts.rosters
    this.pruning = parts.pruning
  }

  get roster(): Roster {
    return this.rosters.newest
  }

  /** Loads the newest roster stored before this start; call it before anything else. */
  open(): Promise<void> {
    return this.parts.rosterReader.open()
  }

  start(): void {
    this.parts.rosterReader.start()
    this.parts.relay.start()
    this.timers.start()
    this.parts.vitals.start()
  }

  /** Stops accepting work, lets running work finish, then closes the database. */
  async stop(): Promise<void> {
    this.parts.rosterReader.stop()
    this.consumer.stop()
    this.parts.vitals.stop()
    await this.timers.stop()
    await this.parts.relay.stop()
    await this.parts.close()
  }

  /** Whether the database is reachable and migrated, for `/readyz`. */
  ready(): Promise<Readiness> {
    return this.parts.ready()
  }

  get vitals(): BacklogMonitor {
    return this.parts.vitals
  }

  /** For tests on virtual time. */
  get idle(): boolean {
    return this.parts.relay.idle && this.timers.idle && this.consumer.idle
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
  timers: Timers
  vitals: BacklogMonitor
  pruning: PruneTables
  rosters: Rosters
  rosterReader: RosterReader
  signals: Signals
  ready(): Promise<Readiness>
  close(): Promise<void>
}
