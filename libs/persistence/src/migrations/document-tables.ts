import type { MigrationInterface, QueryRunner } from 'typeorm'
import type { KeyType } from '../database.js'

/** Document tables as literals of a migration, independent of later code changes. */
export type CreatedTables = Record<string, { keys?: Record<string, KeyType>; indexes?: string[][] }>

/** Returns the schema whose migrations run. Migrations of a lib are the same in every service's schema. */
export function schemaOfRunner(runner: QueryRunner): string {
  return (runner.connection.options as { schema?: string }).schema!
}

export function indexName(table: string, columns: readonly string[]): string {
  return `${table}_${columns.join('_')}_idx`
}

/** Creates missing tables; existing ones are unchanged. */
export async function createDocumentTables(runner: QueryRunner, tables: CreatedTables): Promise<void> {
  const schema = schemaOfRunner(runner)
  for (const [name, { keys = {}, indexes = [] }] of Object.entries(tables)) {
    const columns = Object.entries(keys).map(([key, type]) => `, ${key} ${type}`)
    await runner.query(
      `CREATE TABLE IF NOT EXISTS ${schema}.${name} (id text CONSTRAINT ${name}_pkey PRIMARY KEY, doc jsonb NOT NULL,
       put_at timestamptz NOT NULL DEFAULT clock_timestamp()${columns.join('')})`,
    )
    for (const list of indexes)
      await runner.query(`CREATE INDEX IF NOT EXISTS ${indexName(name, list)} ON ${schema}.${name} (${list.join(', ')})`)
  }
}

export async function dropTables(runner: QueryRunner, names: readonly string[]): Promise<void> {
  for (const name of names) await runner.query(`DROP TABLE ${schemaOfRunner(runner)}.${name}`)
}

export abstract class DocumentTablesMigration implements MigrationInterface {
  abstract readonly tables: CreatedTables

  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, this.tables)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(this.tables))
  }
}
