import type { Pool } from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { BusRecord } from '#libs/messaging'
import { PostgresDatabase } from '#libs/persistence'
import { uuidv7, type Logger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { dataSourceOf, migrateService } from '#libs/service'
import { signedRecord } from '../contracts/signed-record.js'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { freshDatabase, testPool } from '../support/postgres.js'
import { definition } from '../../apps/audit/src/audit.module.js'
import { ArrivalSeals } from '../../apps/audit/src/entries/arrival-seals.js'
import { PostgresEntryStore } from '../../apps/audit/src/entries/entry.store.postgres.js'
import { AdoptArrivals } from '../../apps/audit/src/recording/adopt-arrivals.js'

let postgres: Awaited<ReturnType<typeof freshDatabase>>
let owner: Pool
let database: PostgresDatabase
let entries: PostgresEntryStore
let identity: TestIdentity
let adoption: AdoptArrivals
let bus: { records: BusRecord[]; broken: boolean }
let alarms: unknown[]
let warnings: number
let clock: VirtualClock
beforeEach(async () => {
  postgres = await freshDatabase()
  owner = testPool(postgres.url)
  await migrateService(definition, postgres.url)
  database = new PostgresDatabase(await dataSourceOf(definition, postgres.url).initialize(), 'audit')
  identity = await testIdentity()
  bus = { records: [], broken: false }
  alarms = []
  warnings = 0
  clock = new VirtualClock()
  const log = { error: (alarm: unknown) => void alarms.push(alarm), warn: () => void warnings++ } as unknown as Logger
  entries = new PostgresEntryStore(new ArrivalSeals(identity.serviceSigner('audit'), () => identity.roster), (event, why) =>
    adoption.refused(event, why),
  )
  adoption = new AdoptArrivals({
    database,
    entries,
    bus: {
      async *scan(topics) {
        if (bus.broken) throw new Error('no broker')
        yield* bus.records.filter(({ topic }) => topics.includes(topic))
      },
    },
    roster: () => identity.roster,
    clock,
    log,
    adopted: () => {},
  })
  adoption.start()
})
afterEach(async () => {
  await adoption.stop()
  await database.close()
  await owner.end()
  await postgres.drop()
})

/** Inserts the row that the build before wrote of an event. */
async function unsealed(record: BusRecord, changes: Record<string, unknown> = {}): Promise<void> {
  const { headers, topic, key } = record
  const row = {
    event_id: headers['ce_id'],
    at: headers['ce_time'],
    source: headers['ce_source'],
    type: headers['ce_type'],
    topic,
    key,
    run: 7,
    entry: '{}',
    digest: 'sha256:1',
    leaf_hash: Buffer.alloc(32),
    ...changes,
  }
  const columns = Object.keys(row)
  await owner.query(
    `INSERT INTO audit.arrival (${columns.join(', ')}) VALUES (${columns.map((_, at) => `$${at + 1}`).join(', ')})`,
    Object.values(row),
  )
}

/** Places what may be placed, and returns the events of all entries. */
async function place(): Promise<string[]> {
  await database.transaction((tx) => entries.sequence(tx, 100))
  return (await database.transaction((tx) => entries.find(tx, { limit: 100 }))).map(({ facts: { event } }) => event).toSorted()
}
const idOf = ({ headers }: BusRecord): string => headers['ce_id']!

it('an event that the build before took, and that had no index when it ended, becomes an entry', async () => {
  const records = await Promise.all([1, 2, 3].map((keySeq) => signedRecord(identity, { keySeq })))
  bus.records = records
  for (const record of records) await unsealed(record)
  await expect.poll(place).toEqual(records.map(idOf).toSorted())
  expect([alarms, adoption.concerns]).toEqual([[], []])
  expect((await owner.query('SELECT 1 FROM audit.arrival')).rowCount).toBe(0)
})

it('becomes the entry of what its service signed, whatever the row contains', async () => {
  const record = await signedRecord(identity, { keySeq: 1 })
  bus.records = [record]
  await unsealed(record, { actors: ['mallory'], type: 'hms.run.decided.v1' })
  await expect.poll(place).toEqual([idOf(record)])
  const { rows } = await owner.query<{ type: string }>('SELECT type FROM audit.entry')
  expect(rows).toEqual([{ type: record.headers['ce_type'] }])
  expect((await owner.query('SELECT 1 FROM audit.entry_actor')).rowCount).toBe(0)
})

it('a row whose event no service signed is no entry, and one alarm', async () => {
  const real = await signedRecord(identity, { keySeq: 1 })
  const forged = await signedRecord(identity, { keySeq: 2, signedBy: 'rollout' })
  bus.records = [real, forged]
  await unsealed(forged)
  await unsealed(real, { event_id: uuidv7(new Date()), topic: 'no.such.topic' })
  expect(await place()).toEqual([])
  await expect.poll(() => alarms.length).toBe(2)
  expect(await place()).toEqual([])
  await adoption.stop()
  expect(alarms).toHaveLength(2)
  expect(alarms[0]).toMatchObject({ alarm: 'arrival_unverified', service: 'audit', why: 'it is not signed' })
  expect(adoption.concerns).toEqual(['2 rows of audit.arrival are unsigned and not entries (next: hms-svc topics republish --since TIME)'])
})

it('is looked up again after the log did not respond', async () => {
  const record = await signedRecord(identity, { keySeq: 1 })
  bus = { records: [record], broken: true }
  await unsealed(record)
  expect(await place()).toEqual([])
  await expect.poll(() => warnings).toBe(1)
  bus.broken = false
  expect([await place(), alarms]).toEqual([[], []])
  clock.advanceTo(clock.now().getTime() + 30_000)
  await expect.poll(place).toEqual([idOf(record)])
})
