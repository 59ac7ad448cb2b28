import { SERVICES, type ServiceName } from '#libs/contracts'
import { EventBus, EventConsumer, EventSeal, Outbox } from '#libs/messaging'
import { Database, Timers } from '#libs/persistence'
import { Clock, Logger, Metrics } from '#libs/platform'
import { Signer } from '#libs/signing'
import { Module, type InjectionToken, type Type } from '@nestjs/common'
import { Concerns } from './concerns.js'
import { PeerReads } from './http/peer-reads.js'
import { DirectHeadDelivery } from './heads/direct-head-delivery.js'
import { PruneTables } from './retention/prune-tables.js'
import { Rosters } from './rosters/rosters.js'
import { ServiceRuntime } from './service-runtime.js'
import { Signals } from './signals.js'

/** Injection token of the runtimes of a process by service, which its host provides to all modules. */
export const RUNTIMES = Symbol('Runtimes')
/** Injection tokens of dependencies without a class: profile and environment of the process, and config-stores that receive heads. */
export const PROFILE = Symbol('Profile')
export const ENVIRONMENT = Symbol('Environment')
export const CONFIG_STORE_URLS = Symbol('ConfigStoreUrls')

const DEPENDENCIES: readonly (readonly [InjectionToken, (runtime: ServiceRuntime) => unknown])[] = [
  [ServiceRuntime, (runtime) => runtime],
  [Database, ({ database }) => database],
  [Rosters, ({ rosters }) => rosters],
  [Outbox, ({ outbox }) => outbox],
  [Timers, ({ timers }) => timers],
  [Signals, ({ signals }) => signals],
  [Clock, ({ clock }) => clock],
  [Logger, ({ log }) => log],
  [Metrics, ({ metrics }) => metrics],
  [Signer, ({ signer }) => signer],
  [EventSeal, ({ seal }) => seal],
  [EventBus, ({ bus }) => bus],
  [EventConsumer, ({ consumer }) => consumer],
  [Concerns, ({ concerns }) => concerns],
  [PruneTables, ({ pruning }) => pruning],
  [PROFILE, ({ profile }) => profile],
  [ENVIRONMENT, ({ environment }) => environment],
  [CONFIG_STORE_URLS, ({ configStoreUrls }) => configStoreUrls],
  [PeerReads, ({ database, rosters, signer }) => new PeerReads(database, rosters, signer)],
  [DirectHeadDelivery, ({ configStoreUrls, clock, log }) => new DirectHeadDelivery(configStoreUrls, clock, log)],
]

const MODULES = new Map<ServiceName, Type>(SERVICES.map((name) => [name, createModule(name)]))

/** Returns a service's Nest module of dependencies, by class or token. Not global: services of one process have different ones. */
export function runtimeModule(name: ServiceName): Type {
  return MODULES.get(name)!
}

function createModule(name: ServiceName): Type {
  const providers = DEPENDENCIES.map(([provide, of]) => ({
    provide,
    inject: [RUNTIMES],
    useFactory: (runtimes: ReadonlyMap<ServiceName, ServiceRuntime>) => of(runtimes.get(name)!),
  }))
  class RuntimeModule {}
  Module({ providers, exports: DEPENDENCIES.map(([token]) => token) })(RuntimeModule)
  return RuntimeModule
}
