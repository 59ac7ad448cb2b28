import type { ServiceName } from '#libs/contracts'
import type { KeyName, Profile } from '#libs/process'
import type { EventBus } from '#libs/messaging'
import type { Database } from '#libs/persistence'
import type { Clock, Environment, Logger, Metrics } from '#libs/platform'
import type { Roster, Signer } from '#libs/signing'
import type { Coordination, ServiceStores } from '../create-runtime.js'
import type { ServiceDefinition } from '../service-definition.js'
import type { Readiness } from '../service-runtime.js'

/** Database and stores of one service, as opened by the composition root. */
export interface OpenService {
  database: Database
  stores: ServiceStores
  coordination: Coordination
  ready(): Promise<Readiness>
}

/** Adapters chosen by a composition root: real ones in production and `dev`, memory adapters in tests. */
export interface HostAdapters {
  profile: Profile
  environment: Environment
  clock: Clock
  log: Logger
  metrics: Metrics
  /** Pinned roster of this process. */
  roster: Roster
  bus: EventBus
  signerOf(service: ServiceName): Promise<Signer>
  /** Returns a key other than those of services; `undefined` if there is none. */
  signerNamed?(name: KeyName): Promise<Signer | undefined>
  open(definition: ServiceDefinition): Promise<OpenService>
  configStoreUrls: readonly string[]
  version: string
  /** Stops the exporter of traces; called last, so that it receives all spans. */
  stopTracing?(): Promise<void>
}
