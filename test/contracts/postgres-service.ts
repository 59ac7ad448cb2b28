import { MESSAGING_MIGRATIONS, schemaOf } from '#libs/messaging'
import { createDataSource, DocumentTablesMigration, migrate, PostgresDatabase, type CreatedTables } from '#libs/persistence'

/** A service's schema with the shared tables and the documents of the suites, nothing of any app. */
export async function openPostgresService(url: string, service: string): Promise<PostgresDatabase> {
  const schema = schemaOf(service)
  const source = createDataSource({ url, schema, migrations: [...MESSAGING_MIGRATIONS, CreateParcels1764000000000] })
  await source.initialize()
  await migrate(source, schema)
  return new PostgresDatabase(source, schema)
}

class CreateParcels1764000000000 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    parcel: { keys: { town: 'text', weight: 'bigint', posted_at: 'timestamptz' }, indexes: [['town']] },
  }
}
