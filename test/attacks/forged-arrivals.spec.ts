import type { Pool } from 'pg'
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PostgresDatabase } from '#libs/persistence'
import { dataSourceOf, migrateService } from '#libs/service'
import { definition } from '../../apps/audit/src/audit.module.js'
import { ArrivalSeals } from '../../apps/audit/src/entries/arrival-seals.js'
import { leafHashOf, leafOf, type EntryFacts } from '../../apps/audit/src/entries/entry.js'
import { PostgresEntryStore } from '../../apps/audit/src/entries/entry.store.postgres.js'
import { testIdentity } from '../support/identity.js'
import { freshDatabase, testPool } from '../support/postgres.js'

let postgres: Awaited<ReturnType<typeof freshDatabase>>
let owner: Pool
let database: PostgresDatabase
let entries: PostgresEntryStore
let refused: string[]
beforeEach(async () => {
  postgres = await freshDatabase()
  owner = testPool(postgres.url)
  refused = []
  await migrateService(definition, postgres.url)
  database = new PostgresDatabase(await dataSourceOf(definition, postgres.url).initialize(), 'audit')
  const identity = await testIdentity()
  entries = new PostgresEntryStore(
    new ArrivalSeals(identity.serviceSigner('audit'), () => identity.roster),
    (event) => void refused.push(event),
  )
})
afterEach(async () => {
  await database.close()
  await owner.end()
  await postgres.drop()
})

const facts = (more: Partial<EntryFacts> = {}): EntryFacts => ({
  v: 1,
  at: '2026-01-01T00:00:00.000Z',
  source: '/hms-svc/approver',
  type: 'hms.run.decided.v1',
  topic: 'hms.run.control.v1',
  key: 'epa-pm25-limit',
  run: 7,
  attempt: 1,
  event: randomUUID(),
  digest: `sha256:${'1'.repeat(64)}`,
  ...more,
})
const take = (one: EntryFacts, actors: string[] = []): Promise<void> => database.transaction((tx) => entries.append(tx, one, { actors }))
const place = async (): Promise<number> => (await database.transaction((tx) => entries.sequence(tx, 100))).added
const placed = async (): Promise<string[]> =>
  (await database.transaction((tx) => entries.find(tx, { limit: 100 }))).map(({ facts: { event } }) => event)
/** A row as `take` writes it, without a signature. */
const forge = (one: EntryFacts, actors: string[], seal: string | null = null) =>
  owner.query(
    `INSERT INTO audit.arrival (event_id, at, source, type, topic, key, run, entry, digest, leaf_hash, actors, seal)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [one.event, one.at, one.source, one.type, one.topic, one.key, one.run, leafOf(one), one.digest, leafHashOf(one), actors, seal],
  )

it('a forged decision becomes no entry, and other decisions are still placed', async () => {
  const [forged, real] = [facts(), facts()]
  await forge(forged, ['epa chief'])
  await take(real, ['air office'])
  expect([await place(), await placed(), refused]).toEqual([1, [real.event], [forged.event]])
  expect([await place(), refused]).toEqual([0, [forged.event]])
})

it('the signature of another event makes none', async () => {
  const [forged, real] = [facts(), facts()]
  await take(real)
  const { rows } = await owner.query<{ seal: object }>('SELECT seal FROM audit.arrival')
  await forge(forged, [], JSON.stringify(rows[0]!.seal))
  expect([await place(), await placed(), refused]).toEqual([1, [real.event], [forged.event]])
})

it.each([
  ['event_id', `'00000000-0000-7000-8000-000000000000'`],
  ['at', `'2020-01-01T00:00:00Z'`],
  ['source', `'/hms-svc/rollout'`],
  ['type', `'hms.approval.approved.v1'`],
  ['topic', `'hms.approval.v1'`],
  ['key', `'other'`],
  ['run', '8'],
  ['entry', `replace(entry, '"run":7', '"run":8')`],
  ['digest', `'sha256:${'2'.repeat(64)}'`],
  ['leaf_hash', `sha256('x')`],
  ['actors', `ARRAY['epa chief']`],
  ['releases', `'[{"id":"a","version":"1.0.0","digest":"d"}]'`],
  ['seal', 'NULL'],
])('a row whose %s was changed is no entry', async (column, value) => {
  await take(facts(), ['air office'])
  await owner.query(`UPDATE audit.arrival SET ${column} = ${value}`)
  expect([await place(), await placed(), refused]).toEqual([0, [], [expect.any(String)]])
})

it('a redelivered event replaces an unsigned row', async () => {
  const one = facts()
  await forge(one, ['mallory'])
  await place()
  expect(await database.transaction((tx) => entries.unsigned(tx))).toEqual({
    topics: [one.topic],
    since: new Date(one.at),
    events: [one.event],
  })
  expect(await database.transaction((tx) => entries.dropUnsigned(tx, one.event))).toBe(true)
  await take(one, ['air office'])
  expect([await place(), await placed()]).toEqual([1, [one.event]])
  expect(await database.transaction((tx) => entries.dropUnsigned(tx, one.event))).toBe(false)
})
