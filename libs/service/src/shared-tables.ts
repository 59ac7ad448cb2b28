import { DEAD_LETTERS, MESSAGING_MIGRATIONS } from '#libs/messaging'
import type { DocumentTable, MigrationClass } from '#libs/persistence'
import { REQUEST_NONCES } from './authorization/request-nonce.table.js'
import { TOKENS } from './authorization/token.table.js'
import { REPEATABLE_REQUESTS } from './idempotency/repeatable-request.table.js'
import { CreateRepeatableRequests1763000000004 } from './migrations/1763000000004-create-repeatable-requests.js'
import { CreateRostersAndTokens1763000000002 } from './migrations/1763000000002-create-rosters-and-tokens.js'
import { CreateNumbering1763000000006 } from './migrations/1763000000006-create-numbering.js'
import { NUMBERING } from './numbering/numbering.table.js'
import { ROSTERS } from './rosters/roster.table.js'
import type { ServiceDefinition } from './service-definition.js'

/** Document tables of every service in addition to its own. */
export const SHARED_TABLES: readonly DocumentTable<never>[] = [
  DEAD_LETTERS,
  ROSTERS,
  TOKENS,
  REQUEST_NONCES,
  REPEATABLE_REQUESTS,
  NUMBERING,
]

/** Migrations of the tables of every service. A new shared table adds one class here. */
export const SHARED_MIGRATIONS: readonly MigrationClass[] = [
  ...MESSAGING_MIGRATIONS,
  CreateRostersAndTokens1763000000002,
  CreateRepeatableRequests1763000000004,
  CreateNumbering1763000000006,
]

/** Returns all migrations of a service, the shared ones first. */
export function migrationsOf({ migrations }: Pick<ServiceDefinition, 'migrations'>): MigrationClass[] {
  return [...SHARED_MIGRATIONS, ...migrations]
}
