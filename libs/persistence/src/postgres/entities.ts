import { EntitySchema, type EntitySchemaColumnOptions, type QueryRunner } from 'typeorm'
import type { DocumentTable } from '../database.js'

/** TypeORM's view of a document table: what the drift check compares with the migrated schema. */
export function documentEntity(schema: string, table: DocumentTable<object>): EntitySchema {
  const columns: Record<string, EntitySchemaColumnOptions> = {
    id: { type: 'text', primary: true, primaryKeyConstraintName: `${table.name}_pkey` },
    doc: { type: 'jsonb' },
    put_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
  }
  for (const [name, key] of Object.entries(table.keys)) columns[name] = { type: key.type, nullable: true }
  return new EntitySchema({
    name: `${schema}.${table.name}`,
    tableName: table.name,
    schema,
    columns,
    indices: (table.indexes ?? []).map((list) => ({ name: indexName(table.name, list), columns: list })),
  })
}

export function indexName(table: string, columns: string[]): string {
  return `${table}_${columns.join('_')}_idx`
}

/** For migrations: creates a document table from a literal that later code changes do not touch. */
export async function createDocumentTable(
  runner: QueryRunner,
  schema: string,
  name: string,
  keys: Record<string, string>,
  indexes: string[][] = [],
): Promise<void> {
  const columns = Object.entries(keys).map(([key, type]) => `, ${key} ${type}`)
  await runner.query(
    `CREATE TABLE ${schema}.${name} (id text CONSTRAINT ${name}_pkey PRIMARY KEY, doc jsonb NOT NULL, put_at timestamptz NOT NULL DEFAULT clock_timestamp()${columns.join('')})`,
  )
  for (const list of indexes) await runner.query(`CREATE INDEX ${indexName(name, list)} ON ${schema}.${name} (${list.join(', ')})`)
}
