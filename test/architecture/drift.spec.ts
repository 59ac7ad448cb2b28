import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { schemaOf } from '#libs/messaging'
import { dataSourceOf, loadService, migrateService } from '#libs/service'
import { freshDatabase } from '../support/postgres.js'

/** The tables as migrations make them, and as the code describes them, are the same. */
describe('entity–migration drift', () => {
  let server: Awaited<ReturnType<typeof freshDatabase>>
  beforeAll(async () => {
    server = await freshDatabase()
  })
  afterAll(() => server.drop())

  describe.each([...SERVICES])('%s', (service) => {
    it('has none', async () => {
      const definition = await loadService(service)
      expect(await migrateService(definition, server.url)).toBe(definition.migrations.length)
      expect(await migrateService(definition, server.url)).toBe(0)
      const source = await dataSourceOf(definition, server.url, 2).initialize()
      try {
        const { upQueries } = await source.driver.createSchemaBuilder().log()
        expect(upQueries.map(({ query }) => query)).toEqual([])
        const described = source.entityMetadatas.map(({ tableName }) => tableName).toSorted()
        expect(await tablesOf((sql, values) => source.query(sql, values), schemaOf(service))).toEqual(described)
      } finally {
        await source.destroy()
      }
    })
  })

  it('is seen when there is some', async () => {
    const definition = await loadService('linter')
    const changed = { ...definition, tables: [...definition.tables, { name: 'never_migrated', id: () => '', keys: {} }] }
    await migrateService(definition, server.url)
    const source = await dataSourceOf(changed, server.url, 2).initialize()
    try {
      const { upQueries } = await source.driver.createSchemaBuilder().log()
      expect(upQueries.map(({ query }) => query).join()).toContain('never_migrated')
    } finally {
      await source.destroy()
    }
  })
})

/** A table that no entity describes would drift unseen. */
async function tablesOf(query: (sql: string, values: unknown[]) => Promise<{ name: string }[]>, schema: string): Promise<string[]> {
  const rows = await query(`SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 AND tablename <> 'migration'`, [schema])
  return rows.map(({ name }) => name).toSorted()
}
