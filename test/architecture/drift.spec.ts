import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES, type ServiceName } from '#libs/contracts'
import { schemaOf } from '#libs/messaging'
import { createDataSource, indexName, migrate, type DocumentTable, type MigrationClass } from '#libs/persistence'
import { loadService, migrateService, migrationsOf, SHARED_MIGRATIONS, SHARED_TABLES } from '#libs/service'
import { STAGE_MIGRATIONS } from '#libs/stage'
import { expectGolden } from '../support/documents/golden-file.js'
import { freshDatabase } from '../support/postgres.js'
import { dumpSchema } from '../support/schema-dump.js'
import { sourcesOf } from './root.js'

/** What migrations make is what `schemas/` shows (`npm run schemas` writes it anew), and what the code's document tables need. */
describe('tables', () => {
  let server: Awaited<ReturnType<typeof freshDatabase>>
  let shared: string[]
  let ofStages: string[]
  beforeAll(async () => {
    server = await freshDatabase()
    shared = await made('shared', SHARED_MIGRATIONS)
    ofStages = without(await made('stage', [...SHARED_MIGRATIONS, ...STAGE_MIGRATIONS]), shared)
  })
  afterAll(() => server.drop())

  it('that every service shares, and every stage', async () => {
    await expectGolden(golden(shared), 'test/architecture/schemas/shared.txt')
    await expectGolden(golden(ofStages), 'test/architecture/schemas/stages.txt')
  })

  describe.each([...SERVICES])('of %s', (service) => {
    it('are the shared ones and its own', async () => {
      const { sections, own } = await tablesOf(service)
      expect(without(shared, sections)).toEqual([])
      await expectGolden(golden(own), `test/architecture/schemas/${service}.txt`)
    })

    it('have the columns and indexes that its code describes', async () => {
      const { sections } = await tablesOf(service)
      for (const table of [...SHARED_TABLES, ...(await loadService(service)).tables]) expect(sections).toContain(sectionOf(table))
    })

    it('include those of stages where its stage can be aborted', async () => {
      const isAbortable = sourcesOf(`apps/${service}/src`, /\.ts$/).some(({ text }) => text.includes('isAbortable: true'))
      const { sections } = await tablesOf(service)
      expect(without(ofStages, sections)).toEqual(isAbortable ? [] : ofStages)
    })

    it('are made once', async () => {
      const definition = await loadService(service)
      await migrateService(definition, server.url)
      expect(await migrateService(definition, server.url)).toBe(0)
    })
  })

  it('are reported when one column, index or trigger differs', async () => {
    const before = (await tablesOf('audit')).sections
    const client = new Client({ connectionString: server.url })
    await client.connect()
    const tried = async (sql: string): Promise<string[]> => {
      await client.query(sql)
      return without(await dumpSchema(server.url, 'audit'), before).map((section) => section.split('\n')[0]!)
    }
    expect(await tried('ALTER TABLE audit.arrival ALTER run SET NOT NULL')).toEqual(['table arrival'])
    expect(await tried('DROP INDEX audit.token_expires_at_idx')).toEqual(['table arrival', 'table token'])
    expect(await tried('ALTER TABLE audit.entry ENABLE TRIGGER entry_only_grows')).toEqual(['table arrival', 'table entry', 'table token'])
    await client.query('DROP SCHEMA audit CASCADE').finally(() => client.end())
  })

  it('can be taken back, the newest first, until none is left', async () => {
    const service = await loadService('audit')
    const source = createDataSource({ url: server.url, schema: 'audit', migrations: migrationsOf(service), poolSize: 2 })
    await source.initialize()
    try {
      await migrate(source, 'audit')
      for (const _migration of migrationsOf(service)) await source.undoLastMigration({ transaction: 'each' })
      expect(await dumpSchema(server.url, 'audit')).toEqual([])
    } finally {
      await source.destroy()
    }
  })

  async function made(schema: string, migrations: readonly MigrationClass[]): Promise<string[]> {
    const source = await createDataSource({ url: server.url, schema, migrations, poolSize: 2 }).initialize()
    try {
      await migrate(source, schema)
      return await dumpSchema(server.url, schema)
    } finally {
      await source.destroy()
    }
  }

  async function tablesOf(service: ServiceName): Promise<{ sections: string[]; own: string[] }> {
    await migrateService(await loadService(service), server.url)
    const sections = await dumpSchema(server.url, schemaOf(service))
    return { sections, own: without(sections, [...shared, ...ofStages]) }
  }
})

function without(sections: readonly string[], others: readonly string[]): string[] {
  return sections.filter((section) => !others.includes(section))
}

function golden(sections: readonly string[]): string {
  return `${sections.join('\n\n')}\n`
}

/** A document table as the catalog shows it when the database has what the code describes. */
function sectionOf({ name, keys, indexes = [] }: DocumentTable<never>): string {
  const types = { text: 'text', bigint: 'bigint', timestamptz: 'timestamp with time zone' }
  return [
    `table ${name}`,
    '  id text NOT NULL',
    '  doc jsonb NOT NULL',
    '  put_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()',
    ...Object.entries(keys).map(([key, { type }]) => `  ${key} ${types[type]}`),
    `  CONSTRAINT ${name}_pkey PRIMARY KEY (id)`,
    ...indexes.map((list) => `  CREATE INDEX ${indexName(name, list)} ON ${name} USING btree (${list.join(', ')})`).toSorted(),
  ].join('\n')
}
