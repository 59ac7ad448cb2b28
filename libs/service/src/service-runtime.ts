import type { ServiceName } from '#libs/contracts'
import type { EventBus, EventConsumer, EventSeal, Outbox } from '#libs/messaging'
import type { Database, DocumentTable, Timers } from '#libs/persistence'
import type { Clock, Environment, Logger, Metrics } from '#libs/platform'
import type { KeyName, Profile } from '#libs/process'
import type { Roster, Signer } from '#libs/signing'
import type { Concerns } from './concerns.js'
import type { PruneTables } from './retention/prune-tables.js'
import type { Rosters } from './rosters/rosters.js'
import type { Signals } from './signals.js'
import type { BacklogMonitor } from './vitals/backlog-monitor.js'

export interface Readiness {
  database: boolean
  migrations: boolean
  /** Why a responding database accepts no writes. */
  fault?: string
}

/** One service of a process with its dependencies, independent of the adapters. The host opens, starts and stops it. */
export abstract class ServiceRuntime {
  abstract readonly name: ServiceName
  abstract readonly profile: Profile
  abstract readonly environment: Environment
  abstract readonly database: Database
  /** Stores that replace the service's own PostgreSQL stores; memory adapters in tests. */
  abstract readonly ownStores?: object
  abstract readonly clock: Clock
  abstract readonly log: Logger
  abstract readonly metrics: Metrics
  abstract readonly signer: Signer
  abstract readonly seal: EventSeal
  /** Returns the signer of a key that is not a service's; `undefined` if the key is missing. */
  abstract readonly signerNamed: (name: KeyName) => Promise<Signer | undefined>
  /** Base URLs of the config-store instances to which this service sends heads directly, besides the bus. */
  abstract readonly configStoreUrls: readonly string[]
  abstract readonly concerns: Concerns
  abstract readonly bus: EventBus
  abstract readonly consumer: EventConsumer
  abstract readonly outbox: Outbox
  abstract readonly timers: Timers
  abstract readonly signals: Signals
  /** The chain of rosters; `newest` is in force. */
  abstract readonly rosters: Rosters
  abstract readonly roster: Roster
  abstract readonly pruning: PruneTables
  abstract readonly vitals: BacklogMonitor
  /** Loads the newest roster stored before this start; call it before anything else. */
  abstract open(): Promise<void>
  abstract start(): void
  /** Stops accepting work, lets running work finish, then closes the database. */
  abstract stop(): Promise<void>
  /** Returns whether the database is reachable and migrated, for `/readyz`. */
  abstract ready(): Promise<Readiness>
  /** Whether no work is running; for tests on virtual time. */
  abstract readonly idle: boolean
}

/** Dependencies that all services of a process share. `roster`: the pinned one. */
export interface ProcessParts extends Pick<
  ServiceRuntime,
  'profile' | 'environment' | 'clock' | 'log' | 'metrics' | 'roster' | 'configStoreUrls'
> {
  signerNamed?: ServiceRuntime['signerNamed']
}

export interface RuntimeOptions extends ProcessParts, Pick<ServiceRuntime, 'name' | 'database' | 'ownStores' | 'signer'> {
  /** The service's own document tables, for pruning by age. */
  tables?: readonly DocumentTable<never>[]
  /** Format of events; default: signed statements. */
  seal?: EventSeal
}
