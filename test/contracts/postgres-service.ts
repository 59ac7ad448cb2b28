import { addOutboxPlaces, createMessagingTables, schemaOf } from '#libs/messaging'
import { createDataSource, createDocumentTable, createPersistenceTables, migrate, PostgresDatabase } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** A service's schema with the shared tables and the documents of the suites, nothing of any app. */
export async function openPostgresService(url: string, service: string): Promise<PostgresDatabase> {
  const schema = schemaOf(service)
  const source = createDataSource({ url, schema, entities: [], migrations: [migrationOf(schema)] })
  await source.initialize()
  await migrate(source, schema)
  return new PostgresDatabase(source, schema)
}

function migrationOf(schema: string): new () => MigrationInterface {
  return class SharedTables1764000000000 implements MigrationInterface {
    async up(runner: QueryRunner): Promise<void> {
      await createPersistenceTables(runner, schema)
      await createMessagingTables(runner, schema)
      await addOutboxPlaces(runner, schema)
      await createDocumentTable(runner, schema, 'parcel', { town: 'text', weight: 'bigint', posted_at: 'timestamptz' }, [['town']])
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(`DROP SCHEMA ${schema} CASCADE`)
    }
  }
}
