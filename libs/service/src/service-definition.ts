import type { ServiceName } from '#libs/contracts'
import type { DocumentTable, MigrationClass } from '#libs/persistence'
import type { DynamicModule } from '@nestjs/common'
import type { MoveAhead } from './numbering/move-ahead.js'
import type { ServiceRuntime } from './service-runtime.js'

/** What a service's `<service>.module.ts` exports as `definition`: all that a host needs to know of it. */
export interface ServiceDefinition {
  name: ServiceName
  /** Tables of documents of its own; the host adds the shared ones (`SHARED_TABLES`). */
  tables: readonly DocumentTable<never>[]
  /** Of its own tables; the host runs `SHARED_MIGRATIONS` before them. */
  migrations: readonly MigrationClass[]
  /** Moves the numbers ahead that readers remember, after its database went back to a backup. Its processes are stopped then. */
  moveAhead?(ahead: MoveAhead): Promise<void>
  module(runtime: ServiceRuntime): DynamicModule
}
