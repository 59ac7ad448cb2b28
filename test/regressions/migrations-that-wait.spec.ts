import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDataSource, migrate } from '#libs/persistence'
import { freshDatabase } from '../support/postgres.js'

class TakeLong1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('SELECT pg_sleep(0.5)')
  }
  async down(): Promise<void> {}
}

/** Eight services that began together on a slow machine: the last one gave up, for the seven before it took longer than a lock may. */
let database: { url: string; drop(): Promise<void> }
const sources: DataSource[] = []

beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(async () => {
  await Promise.all(sources.map((source) => source.destroy()))
  await database.drop()
})

it('a service waits for the migrations of another for longer than for any lock', async () => {
  const [first, second] = await Promise.all(['first', 'second'].map(opened))
  await setForAll(second!, 'SET lock_timeout = 100')
  expect(await Promise.all([migrate(first!, 'first'), migrate(second!, 'second')])).toEqual([1, 1])
})

async function opened(schema: string): Promise<DataSource> {
  const source = await createDataSource({ url: database.url, schema, migrations: [TakeLong1764000000000], poolSize: 2 }).initialize()
  sources.push(source)
  return source
}

/** Of both connections. */
async function setForAll(source: DataSource, setting: string): Promise<void> {
  const runners = [source.createQueryRunner(), source.createQueryRunner()]
  await Promise.all(runners.map((runner) => runner.query(setting)))
  await Promise.all(runners.map((runner) => runner.release()))
}
