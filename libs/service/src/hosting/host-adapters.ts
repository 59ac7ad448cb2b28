import type { ServiceName } from '#libs/contracts'
import type { KeyName, Profile } from '#libs/process'
import type { EventBus } from '#libs/messaging'
import type { Database } from '#libs/persistence'
import type { Clock, Environment, Logger, Metrics } from '#libs/platform'
import type { Roster, Signer } from '#libs/signing'
import type { Coordination, ServiceStores } from '../create-runtime.js'
import type { ServiceDefinition } from '../service-definition.js'
import type { Readiness } from '../service-runtime.js'

/** One service's side of the database, as the composition root opened it. */
export interface OpenService {
  database: Database
  stores: ServiceStores
  coordination: Coordination
  ready(): Promise<Readiness>
}

/** What a composition root chooses: real adapters in production and `dev`, twins in tests. */
export interface HostAdapters {
  profile: Profile
  environment: Environment
  clock: Clock
  log: Logger
  metrics: Metrics
  /** The one that this process is pinned to. */
  roster: Roster
  bus: EventBus
  signerOf(service: ServiceName): Promise<Signer>
  /** Keys beside those of services; `undefined` where there is none. */
  signerNamed?(name: KeyName): Promise<Signer | undefined>
  open(definition: ServiceDefinition): Promise<OpenService>
  configStoreUrls: readonly string[]
  version: string
  /** Ends the exporter of traces; last of all, so that it hears of all. */
  stopTracing?(): Promise<void>
}
