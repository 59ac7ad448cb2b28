import type { Pool } from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ReleaseDocument } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import { silentLogger, systemClock, type Logger } from '#libs/platform'
import { KnownRules, migrateService, openPostgresService } from '#libs/service'
import { definition } from '../../apps/approver/src/approver.module.js'
import { asOf, newPolicy, POLICIES, type PolicyRecord } from '../../apps/approver/src/policies/policy.table.js'
import { freshDatabase, testPool } from '../support/postgres.js'

const RULE = 'guard-share'
let postgres: Awaited<ReturnType<typeof freshDatabase>>
let owner: Pool
let database: Database
let alarms: string[]
beforeEach(async () => {
  postgres = await freshDatabase()
  owner = testPool(postgres.url)
  alarms = []
  await migrateService(definition, postgres.url)
  const settings = { url: postgres.url, clock: systemClock, log: silentLogger, embedded: false, poolSize: 2 }
  ;({ database } = await openPostgresService(definition, settings))
  await put({ ...newPolicy(RULE), live: release('1.0.0', ['guard']), liveSeq: 3 })
  await put({ ...newPolicy('ozone-limit'), live: release('1.0.0', ['air']), liveSeq: 1 })
})
afterEach(async () => {
  await database.close()
  await owner.end()
  await postgres.drop()
})

function release(version: string, tags: string[], effective = '2024-09-01T00:00:00Z'): ReleaseDocument {
  const payload = Buffer.from(JSON.stringify({ predicate: { policy: { id: RULE, version, effective, tags } } })).toString('base64')
  return {
    id: RULE,
    version,
    policyDigest: version,
    releaseDigest: version,
    releaseEpoch: 1,
    envelope: { payload, payloadType: '', signatures: [] },
  }
}
const put = (row: PolicyRecord): Promise<void> => database.transaction((tx) => tx.documents(POLICIES).put(row))
const hide = () => owner.query('UPDATE approver.policy SET guard = NULL')
function rules(): KnownRules<PolicyRecord> {
  const error: Logger['error'] = (fields: object) => void alarms.push((fields as { alarm: string }).alarm)
  const log = { ...silentLogger, error } as Logger
  const read = (policy: PolicyRecord, now: Date) => {
    return { id: policy.id, seq: policy.liveSeq, live: asOf(policy, now).live, held: policy.next?.release ?? null }
  }
  return new KnownRules(POLICIES, read, { clock: systemClock, log, name: 'approver' })
}
const versions = (known: KnownRules<PolicyRecord>): Promise<(string | undefined)[]> =>
  database.transaction(async (tx) => (await known.rows(tx)).map((row) => asOf(row, tx.now).live?.version))

it('a rule counts although its column hides it, from the first query in a process on', async () => {
  await hide()
  expect([await versions(rules()), alarms]).toEqual([['1.0.0'], ['guard_rule_hidden']])
})

it('a rule whose column is cleared while the process runs still applies', async () => {
  const known = rules()
  expect([await versions(known), alarms]).toEqual([['1.0.0'], []])
  await hide()
  await versions(known)
  expect([await versions(known), alarms]).toEqual([['1.0.0'], ['guard_rule_hidden']])
})

it.each<[string, () => Promise<unknown>]>([
  ['is gone', () => owner.query('DELETE FROM approver.policy WHERE id = $1', [RULE])],
  ['names nothing', () => owner.query(`UPDATE approver.policy SET guard = NULL, doc = doc || '{"live":null}' WHERE id = $1`, [RULE])],
  [
    'names a release that is no rule',
    () =>
      owner.query('UPDATE approver.policy SET guard = NULL, doc = doc || $2::jsonb WHERE id = $1', [RULE, { live: release('0.9.0', []) }]),
  ],
])('a rule whose row %s still applies as it was last known', async (_what, alter) => {
  const known = rules()
  await versions(known)
  await alter()
  expect([await versions(known), alarms]).toEqual([['1.0.0'], ['guard_rule_hidden']])
})

it('a rule that a newer head ended is none any more', async () => {
  const known = rules()
  await versions(known)
  await put({ ...newPolicy(RULE), live: null, liveSeq: 4 })
  expect([await versions(known), await versions(known), alarms]).toEqual([[], [], []])
})

it('a rule that is held and dropped again was never one', async () => {
  const ahead = { release: release('2.0.0', ['guard'], '2099-01-01T00:00:00Z'), at: '2099-01-01T00:00:00Z' }
  const known = rules()
  await put({ ...newPolicy('guard-later'), live: null, liveSeq: 2, next: { ...ahead, release: { ...ahead.release, id: 'guard-later' } } })
  await versions(known)
  await put({ ...newPolicy('guard-later'), live: null, liveSeq: 2 })
  expect([await versions(known), alarms]).toEqual([['1.0.0'], []])
})
