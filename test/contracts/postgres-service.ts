import { MESSAGING_MIGRATIONS, schemaOf } from '#libs/messaging'
import { createDataSource, createDocumentTables, dropTables, migrate, PostgresDatabase } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** A service's schema with the shared tables and the documents of the suites, nothing of any app. */
export async function openPostgresService(url: string, service: string): Promise<PostgresDatabase> {
  const schema = schemaOf(service)
  const source = createDataSource({ url, schema, migrations: [...MESSAGING_MIGRATIONS, CreateParcels1764000000000] })
  await source.initialize()
  await migrate(source, schema)
  return new PostgresDatabase(source, schema)
}

class CreateParcels1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, {
      parcel: { keys: { town: 'text', weight: 'bigint', posted_at: 'timestamptz' }, indexes: [['town']] },
    })
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, ['parcel'])
  }
}
