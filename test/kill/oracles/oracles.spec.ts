import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES, type Envelope, type JsonObject } from '#libs/contracts'
import { loadService, migrateService } from '#libs/service'
import { freshDatabase } from '../../support/postgres.js'
import { Ledger } from '../load/ledger.js'
import { Observer } from '../observer.js'
import { ORACLES } from './all.js'
import { effectsOnce } from './effects-once.js'
import type { Evidence } from './oracle.js'
import { orderAtConsumers } from './order.js'

const STABLE = 'sha256:stable'
const CANARY = 'sha256:canary'

/** An oracle that never objects would prove nothing: each has to find the fault that was put into the tables for it. */
describe('oracles of the kill harness', () => {
  let evidence: Evidence
  let database: { url: string; drop(): Promise<void> }
  let observer: Observer

  beforeAll(async () => {
    database = await freshDatabase()
    for (const service of SERVICES) await migrateService(await loadService(service), database.url)
    observer = new Observer(database.url)
    // Rollout's freshness statement among the documents is none of them.
    const word = {
      topic: 'hms.config.state.v1',
      partition: 0,
      key: '~freshness',
      source: '/hms-svc/config-store',
      keySeq: 1,
      eventId: randomUUID(),
      value: JSON.stringify(signed({ data: { freshness: {} } })),
    }
    evidence = { observer, ledger: new Ledger(), log: [word], partner: { received: new Map(), forged: 0 }, readers: [] }
  })

  afterAll(async () => {
    await observer.close()
    await database.drop()
  })

  it.each(ORACLES)('objects to nothing where there is nothing: $name', async (oracle) => {
    expect((await oracle.check(evidence)).violations).toEqual([])
  })

  it('object to what is wrong', async () => {
    await putFaults()
    const blind = { bot: 'bot-1', region: 'NCR', connection: { ids: () => [], get: () => expect.fail('asked for what it has not') } }
    const skipped = [1, 3].map((keySeq) => ({
      topic: 'hms.lint.v1',
      partition: 0,
      key: 'pm25',
      source: '/hms-svc/linter',
      keySeq,
      eventId: randomUUID(),
      value: null,
    }))
    const ledger = new Ledger()
    ledger.approvals.push({ digest: 'a', run: 99, policies: [{ id: 'pm25', version: '1.0.0' }] })
    for (const oracle of ORACLES) {
      const { violations } = await oracle.check({ ...evidence, ledger, log: skipped, readers: [blind] })
      expect(violations, oracle.name).not.toEqual([])
    }
  })

  it('expect no handling of a key that its producer erased', async () => {
    await observer.rows(
      `INSERT INTO config_store.stream_head (topic, msg_key, key_seq) VALUES ('hms.config.state.v1', 'pm25@region:VA', 2)`,
    )
    await event('config_store', 'hms.config.state.v1', 'hms.state.recorded.v1', 'pm25@region:VA', 1, {})
    const asked = async () => (await orderAtConsumers.check(evidence)).violations.filter((text) => text.includes('pm25@region:VA'))
    expect(await asked()).toEqual(['simulator has handled hms.config.state.v1 pm25@region:VA of config-store up to nothing of 2'])
    await event('config_store', 'hms.config.state.v1', 'hms.state.recorded.v1', 'pm25@region:VA', 2, null)
    expect(await asked()).toEqual([])
  })

  it('let a stage publish the same wait again, once it waited for something else', async () => {
    const { violations } = await effectsOnce.check(evidence)
    expect(violations.filter((text) => text.includes('delayed'))).toEqual(['run 1: hms.canary.delayed.v1 "z" twice in a row'])
  })

  async function putFaults(): Promise<void> {
    // A run that ended twice, and one verdict that was published twice; audit received neither, and no relay sent them.
    await put('approver', 'run', '1', { facts: { policies: [] }, approval: 'b' }, { state: 'SUCCEEDED', open: 'no' })
    await event('approver', 'hms.run.state.v1', 'hms.run.changed.v1', '1', 1, { view: { state: 'SUCCEEDED' } })
    await event('approver', 'hms.run.state.v1', 'hms.run.changed.v1', '1', 2, { view: { state: 'ABORTED' } })
    await event('linter', 'hms.lint.v1', 'hms.lint.passed.v1', 'pm25', 1, {})
    await event('linter', 'hms.lint.v1', 'hms.lint.passed.v1', 'pm25', 2, {})
    // A wait for one and the same thing that was published twice in a row, and one that was published again after another.
    for (const [index, detail] of ['x', 'y', 'x', 'z', 'z'].entries())
      await event('canary_controller', 'hms.canary.v1', 'hms.canary.delayed.v1', 'pm25', index + 1, { detail })
    // A ticket that was opened twice.
    for (const keySeq of [1, 2])
      await event('approver', 'hms.ticket.v1', 'hms.ticket.opened.v1', 'pm25', keySeq, { ticket: { ticket: keySeq, run: 1, told: [] } })
    // A stream whose second event no service handled.
    await observer.rows(`INSERT INTO linter.stream_head (topic, msg_key, key_seq) VALUES ('hms.lint.v1', 'pm25', 2)`)
    await observer.rows(
      `INSERT INTO simulator.stream_position (consumer, producer, topic, msg_key, first_key_seq, last_key_seq)
       VALUES ('simulator', 'linter', 'hms.lint.v1', 'pm25', 1, 1)`,
    )
    // A canary that stands on what is live, its lease not over when stable came back; the state topic knows of neither.
    await document('global', { current: STABLE, issuedAt: '2026-01-01T00:01:00Z' })
    await document('region:NCR', {
      current: CANARY,
      base: STABLE,
      share: 500,
      issuedAt: '2026-01-01T00:00:00Z',
      expires: '2026-01-01T00:02:00Z',
    })
    await put('notifier', 'delivery', 'd', { id: 'd', messageId: 'msg_1', state: 'delivered', tries: 1 }, { state: 'delivered' })
  }

  async function document(scope: string, head: JsonObject): Promise<void> {
    const release = signed({ policy: { id: 'pm25', version: '1.0.0' } })
    const doc = {
      id: 'pm25',
      scope,
      seq: 1,
      revision: 1,
      version: '1.0.0',
      digest: head['current']!,
      head: signed({ policy: 'pm25', scope, seq: 1, ...head }),
      release,
    }
    await put('config_store', 'document', `pm25@${scope}`, doc, { policy: 'pm25', revision: 1 })
  }

  async function event(schema: string, topic: string, type: string, key: string, keySeq: number, data: JsonObject | null): Promise<void> {
    await observer.rows(
      `INSERT INTO ${schema}.outbox (event_id, source, type, topic, msg_key, key_seq, occurred_at, run_id, attempt, value)
       VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp(), '1', 1, $7)`,
      [randomUUID(), `/hms-svc/${schema}`, type, topic, key, keySeq, data === null ? null : JSON.stringify(signed({ data }))],
    )
  }

  async function put(schema: string, table: string, id: string, doc: object, keys: Record<string, string | number>): Promise<void> {
    const columns = Object.keys(keys)
    const places = columns.map((_, index) => `, $${index + 3}`).join('')
    await observer.rows(
      `INSERT INTO ${schema}.${table} (id, doc${columns.map((column) => `, ${column}`).join('')}) VALUES ($1, $2${places})`,
      [id, JSON.stringify(doc), ...Object.values(keys)],
    )
  }
})

/** Shaped as a signed statement; the oracles read what services have verified. */
function signed(predicate: object): Envelope {
  return {
    payload: Buffer.from(JSON.stringify({ predicate })).toString('base64'),
    payloadType: 'application/vnd.in-toto+json',
    signatures: [],
  }
}
