import { PERSISTENCE_MIGRATIONS, type MigrationClass } from '#libs/persistence'
import { CreateMessagingTables1763000000001 } from './1763000000001-create-messaging-tables.js'

/** Migrations of this library and of those below it, for every service's schema. */
export const MESSAGING_MIGRATIONS: readonly MigrationClass[] = [...PERSISTENCE_MIGRATIONS, CreateMessagingTables1763000000001]
