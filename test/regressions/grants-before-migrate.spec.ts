import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES, type ServiceName } from '#libs/contracts'
import { loadService, migrateService } from '#libs/service'
import { grantsSql, rolesSql } from '../support/kubernetes/database-rights.js'
import { runSql } from '../support/kubernetes/operators.js'
import { startTestPostgres, testPool } from '../support/postgres.js'

const schemaOf = (service: ServiceName): string => service.replaceAll('-', '_')
const roleOf = (service: ServiceName): string => `hms_${schemaOf(service)}`

/** The Jobs `hms-migrate` and `hms-grants` start together: at an upgrade the second may be done before the first has added a table. */
describe('rights in PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startTestPostgres>>
  let administrator: string
  const as = (role: string): string => {
    const url = new URL(administrator)
    return Object.assign(url, { username: role, password: 'test' }).href
  }
  const rows = async (sql: string): Promise<Record<string, unknown>[]> => {
    const pool = testPool(administrator)
    try {
      return (await pool.query<Record<string, unknown>>(sql)).rows
    } finally {
      await pool.end()
    }
  }

  beforeAll(async () => {
    server = await startTestPostgres()
    const url = new URL(server.url)
    if (url.pathname !== '/hms') await runSql(server.url, 'CREATE DATABASE hms')
    administrator = Object.assign(url, { pathname: '/hms' }).href
    const logins = ['hms_migrate', ...SERVICES.map(roleOf)].map((role) => `ALTER ROLE ${role} LOGIN PASSWORD 'test';`)
    await runSql(administrator, rolesSql() + logins.join('\n'))
    await expect(runSql(as('hms_migrate'), grantsSql())).rejects.toThrow('does not exist')
    for (const service of SERVICES) await migrateService(await loadService(service), as('hms_migrate'))
    await runSql(as('hms_migrate'), grantsSql())
  }, 300_000)
  afterAll(() => server.stop())

  it.each(SERVICES)('reach what a later migration of %s adds, for its own role alone', async (service) => {
    const schema = schemaOf(service)
    await runSql(as('hms_migrate'), `CREATE TABLE ${schema}.later (id bigserial PRIMARY KEY, word text)`)
    await runSql(
      as(roleOf(service)),
      `INSERT INTO ${schema}.later (word) VALUES ('a'); UPDATE ${schema}.later SET word = 'b'; SELECT * FROM ${schema}.later; DELETE FROM ${schema}.later`,
    )
    await expect(runSql(as(roleOf(service)), `TRUNCATE ${schema}.later`)).rejects.toThrow('permission denied')
    const other = SERVICES.find((name) => name !== service)!
    await expect(runSql(as(roleOf(other)), `SELECT * FROM ${schema}.later`)).rejects.toThrow('permission denied')
  })

  it('are named where a user who may not migrate does, with the settings as the next step', async () => {
    const definition = await loadService('linter')
    await expect(migrateService(definition, as(roleOf('linter')))).rejects.toMatchObject({
      code: 'HMS_DATABASE_MIGRATION_FAILED',
      detail: expect.stringMatching(
        /^Schema linter: permission denied .*\. Use the owner of the database .* or grant the right to this user$/,
      ) as string,
      next: ['hms-svc help environment'],
    })
  })

  it('leave audit no right to change what the log only ever adds to', async () => {
    const changeable = await rows(
      `SELECT DISTINCT tgrelid::regclass::text AS name,
              has_table_privilege('hms_audit', tgrelid, 'UPDATE') OR has_table_privilege('hms_audit', tgrelid, 'DELETE') AS changeable
       FROM pg_trigger WHERE tgfoid = 'audit.refuse_change'::regproc`,
    )
    expect(changeable.length).toBeGreaterThan(4)
    expect(changeable.filter((table) => table['changeable'] !== false)).toEqual([])
  })
})
