import type { ServiceName } from '#libs/contracts'
import type { DocumentTable, MigrationClass } from '#libs/persistence'
import type { Environment } from '#libs/platform'
import { loadProgram, type Profile } from '#libs/process'
import type { Type } from '@nestjs/common'
import type { CounterAdvance } from './numbering/numbering.table.js'

/** Exported as `definition` by a service's `<service>.module.ts`: all that a host needs. */
export interface ServiceDefinition {
  name: ServiceName
  /** The service's own document tables; the host adds the shared ones (`SHARED_TABLES`). */
  tables: readonly DocumentTable<never>[]
  /** Migrations of the service's own tables; the host runs `SHARED_MIGRATIONS` before them. */
  migrations: readonly MigrationClass[]
  /** Advances counters that readers remember, after a restore of the database from a backup. The service's processes are stopped then. */
  advanceCounters?(ahead: CounterAdvance): Promise<void>
  /** Reads the service's own settings. Throws `HMS_CONFIG_INVALID`. */
  readConfig?(env: Environment, profile: Profile): unknown
  module: Type
}

/** Loads `apps/<name>/src/<name>.module` at run time, so that a ninth service needs no change. */
export async function loadService(name: ServiceName): Promise<ServiceDefinition> {
  return (await loadProgram<{ definition: ServiceDefinition }>(`${name}/src/${name}.module`)).definition
}
