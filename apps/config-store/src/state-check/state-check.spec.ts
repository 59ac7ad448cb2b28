import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OutgoingEvent } from '#libs/contracts'
import type { Logger } from '#libs/platform'
import { VerifiedRows } from '../heads/verified-rows.js'
import { UnverifiedRows } from '../heads/unverified-rows.js'
import { DOCUMENTS } from '../heads/head.table.js'
import { digestOfRelease, POLICY, startStore, type HeadOptions } from '../testing/store-harness.suite.js'
import { StateCheck } from './state-check.js'

const TOPIC = 'hms.config.state.v1'
const PLACE = `${POLICY}@global`
const MINUTE = 60_000
let harness: Awaited<ReturnType<typeof startStore>>
let check: StateCheck
let said: object[]

beforeEach(async () => {
  harness = await startStore()
  said = []
  const note = (fields: object, text: string): void => {
    const { alarm, places } = fields as { alarm?: string; places?: string[] }
    if (alarm !== undefined) said.push([text, alarm, ...(places ?? [])])
  }
  const log: Logger = { info: () => {}, debug: () => {}, warn: note, error: note, child: () => log }
  const { database, outbox, bus, clock, metrics, concerns, rosters } = harness.runtime
  const rows = new VerifiedRows(database, rosters, new UnverifiedRows(log, metrics, concerns))
  check = new StateCheck(database, outbox, bus, clock, log, metrics, concerns, rows)
})
afterEach(() => harness.stop())

const store = async (options: HeadOptions = {}) => harness.stored(await harness.head(options))
/** Runs two checks: a difference counts when it persists. */
const looks = async () => {
  await check.execute()
  await check.execute()
}
const figure = async (name: string) => {
  const lines = (await harness.runtime.metrics.render()).split('\n').filter((line) => line.startsWith(`hms_svc_${name}`))
  return Object.fromEntries(lines.map((line) => [/"(.+)"/.exec(line)?.[1] ?? '', Number(line.split(' ').at(-1))]))
}
const differences = () => figure('state_topic_differences')
const NONE = { changed: 0, missing: 0, unknown: 0 }
/** Writes to the topic as an arbitrary writer. */
const write = async (key: string, value: string | null) => {
  const [like] = harness.recorded(TOPIC)
  await harness.runtime.bus.publish([{ ...like!, key, value }] as OutgoingEvent[])
}
const newest = () => harness.recorded(TOPIC).findLast(({ key }) => key === PLACE)!.value
const pass = async (ms: number) => {
  harness.clock.advanceTo(harness.clock.now().getTime() + ms)
  await harness.settle()
}

describe('the check of the topic of state', () => {
  it('finds no difference after rollouts, ended canaries, bundles, withdrawals and freshness statements', async () => {
    await store()
    await store({ scope: 'region:NCR', version: '2.0.0', share: 500, base: digestOfRelease('1.0.0'), expires: '2026-01-01T00:01:00Z' })
    const [a, b] = ['a-limit', 'b-limit']
    await harness.stored(await harness.head({ policy: a }), await harness.head({ policy: b }))
    await store({ seq: 2, version: '2.0.0' })
    await store({ policy: 'a-limit', seq: 2, version: null })
    await harness.vouch([], harness.clock.now())
    await looks()
    expect([await differences(), said]).toEqual([NONE, []])
    await pass(2 * MINUTE)
    await looks()
    expect([await differences(), said]).toEqual([NONE, []])
  })

  it('raises an alarm for a record written by hand at the second check, until the policy has its next head', async () => {
    await store()
    await check.execute()
    await write(PLACE, newest()!.replace('payload', 'payloae'))
    await check.execute()
    expect([await differences(), said]).toEqual([NONE, []])
    await check.execute()
    await check.execute()
    expect(await differences()).toEqual({ ...NONE, changed: 1 })
    expect(said).toEqual([['alarm', 'state_topic_differs', `changed ${PLACE}`]])
    await store({ seq: 2, version: '2.0.0' })
    await check.execute()
    expect(await differences()).toEqual(NONE)
    expect(said.slice(1)).toEqual([['alarm over', 'state_topic_differs']])
  })

  it('raises an alarm for a record with other content for a stored head, and does not overwrite it', async () => {
    await store()
    const envelope = JSON.parse(newest()!) as { payload: string }
    const statement = Buffer.from(envelope.payload, 'base64').toString().replace('"version":"1.0.0"', '"version":"9.9.9"')
    const forged = JSON.stringify({ ...envelope, payload: Buffer.from(statement).toString('base64') })
    await write(PLACE, forged)
    await looks()
    await harness.settle()
    expect([said, newest() === forged]).toEqual([[['alarm', 'state_topic_differs', `changed ${PLACE}`]], true])
  })

  it('publishes a record again that the topic lost, and raises an alarm if the record is lost again', async () => {
    await store()
    await write(PLACE, null)
    await looks()
    await harness.settle()
    expect([await differences(), newest() === null]).toEqual([NONE, false])
    await check.execute()
    expect([await differences(), said]).toEqual([NONE, []])
    await write(PLACE, null)
    await looks()
    await harness.settle()
    await write(PLACE, null)
    await check.execute()
    expect(await differences()).toEqual({ ...NONE, missing: 1 })
  })

  it('replaces an earlier record that arrived late, and removes the late record of an ended canary', async () => {
    await store()
    const first = newest()!
    const canary = { scope: 'region:NCR', version: '2.0.0', share: 500, base: digestOfRelease('1.0.0'), expires: '2026-01-01T00:01:00Z' }
    await store(canary)
    const shown = harness.recorded(TOPIC).findLast(({ key }) => key === `${POLICY}@region:NCR`)!.value
    await store({ seq: 2, version: '2.0.0' })
    await pass(2 * MINUTE)
    await write(PLACE, first)
    await write(`${POLICY}@region:NCR`, shown)
    await looks()
    await harness.settle()
    expect(harness.recorded(TOPIC).findLast(({ key }) => key === `${POLICY}@region:NCR`)!.value).toBeNull()
    expect(newest()).not.toBe(first)
    await check.execute()
    expect([await differences(), said]).toEqual([NONE, []])
  })

  it('raises an alarm for a policy that only the topic has, until a tombstone removes it', async () => {
    await store()
    await write('made-up@global', newest())
    await looks()
    expect(said).toEqual([['alarm', 'state_topic_differs', 'unknown made-up@global']])
    await write('made-up@global', null)
    await check.execute()
    expect(await differences()).toEqual(NONE)
  })

  it('reports a row that was changed in the database, until it is changed back', async () => {
    await store()
    const edit = (version: string) =>
      harness.runtime.database.transaction(async (tx) => {
        const row = (await tx.documents(DOCUMENTS).get(PLACE))!
        await tx.documents(DOCUMENTS).put({ ...row, version })
      })
    await edit('9.9.9')
    await looks()
    expect(await differences()).toEqual({ ...NONE, changed: 1 })
    await edit('1.0.0')
    await check.execute()
    expect(await differences()).toEqual(NONE)
  })

  it('raises no alarm for a place that has changed at each check', async () => {
    await store()
    for (const junk of ['{', '[', '"']) {
      await write(PLACE, junk)
      await check.execute()
    }
    await harness.settle()
    expect([await differences(), said, newest()]).toEqual([NONE, [], '"'])
  })

  it('runs every minute, and counts the failures to read the log', async () => {
    await store()
    await write('made-up@global', '{}')
    await pass(MINUTE)
    expect(await differences()).toEqual(NONE)
    await pass(MINUTE)
    expect(await differences()).toEqual({ ...NONE, unknown: 1 })
    const read = harness.runtime.bus.read.bind(harness.runtime.bus)
    harness.runtime.bus.read = () => Promise.reject(new Error('the broker does not answer'))
    for (let minute = 0; minute < 5; minute++) await pass(MINUTE)
    expect(await figure('state_topic_check_failures')).toEqual({ '': 5 })
    harness.runtime.bus.read = read
    await pass(MINUTE)
    expect([await figure('state_topic_check_failures'), await differences()]).toEqual([{ '': 0 }, { ...NONE, unknown: 1 }])
  })

  it('reads a restarted log from its beginning', async () => {
    await store()
    await store({ policy: 'ozone-limit' })
    await looks()
    const read = harness.runtime.bus.read.bind(harness.runtime.bus)
    harness.runtime.bus.read = async (topic, place) => {
      const part = await read(topic, place)
      if (place !== 'beginning') return { records: [], next: 'beginning', end: false }
      return { records: part.records.filter(({ key }) => key === PLACE), next: 1, end: true }
    }
    await looks()
    expect(said).toEqual([])
    // The record was published again, but does not arrive on the topic.
    await check.execute()
    expect(said).toEqual([['alarm', 'state_topic_differs', 'missing ozone-limit@global']])
  })
})
