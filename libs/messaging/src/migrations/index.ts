import { PERSISTENCE_MIGRATIONS, type MigrationClass } from '#libs/persistence'
import { CreateMessagingTables1763000000001 } from './1763000000001-create-messaging-tables.js'

/** What this library and those below it need in every service's schema. */
export const MESSAGING_MIGRATIONS: readonly MigrationClass[] = [...PERSISTENCE_MIGRATIONS, CreateMessagingTables1763000000001]
