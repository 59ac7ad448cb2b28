import { PERSISTENCE_MIGRATIONS, type MigrationClass } from '#libs/persistence'
import { CreateMessagingTables1763000000001 } from './1763000000001-create-messaging-tables.js'

export const MESSAGING_MIGRATIONS: readonly MigrationClass[] = [...PERSISTENCE_MIGRATIONS, CreateMessagingTables1763000000001]
