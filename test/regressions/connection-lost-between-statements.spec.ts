import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDataSource, PostgresDatabase, postgresOf } from '#libs/persistence'
import { freshDatabase } from '../support/postgres.js'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let database: PostgresDatabase

beforeAll(async () => {
  fresh = await freshDatabase()
  database = new PostgresDatabase(
    await createDataSource({ url: fresh.url, schema: 'public', migrations: [], poolSize: 2 }).initialize(),
    'public',
  )
})

afterAll(async () => {
  await database.close()
  await fresh.drop()
})

/** A connection that breaks while a transaction holds it and no statement runs once ended the whole process with an unhandled error. */
it('fails the transaction, not the process, and gives the next one a good connection', async () => {
  const cut = database.transaction(async (tx) => {
    const [mine] = await postgresOf(tx).query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await database.query('SELECT pg_terminate_backend($1)', [mine!.pid])
    // The news of the cut arrives while nothing is asked.
    for (let turn = 0; turn < 50; turn++) await database.query('SELECT 1')
    await postgresOf(tx).query('SELECT 1')
  })
  await expect(cut).rejects.toThrow(/terminat|not queryable|closed/i)
  await expect(database.transaction(async (tx) => (await postgresOf(tx).query<{ n: number }>('SELECT 1 AS n'))[0]!.n)).resolves.toBe(1)
})
