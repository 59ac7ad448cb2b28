import { afterEach, describe, expect, it } from 'vitest'
import { bucketOf } from '#libs/policy'
import { ALERT_INBOX } from './alert.table.js'
import { Presence } from '../coverage/presence.js'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'

let harness: Awaited<ReturnType<typeof startStore>>
afterEach(() => harness.stop())

const alert = { id: 'a-1', bot: 'bot-1', region: 'NCR', kind: 'Violation', value: 26, reading: { id: 'r-1', pm25: 26 } }
const report = (body: object) =>
  fetch(`${harness.url}/v1/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

describe('POST /v1/alerts', () => {
  it('publishes one event per alert, however often it is sent', async () => {
    harness = await startStore()
    for (let times = 0; times < 3; times++) {
      const response = await report(alert)
      expect([response.status, await response.json()]).toEqual([202, { id: 'a-1', accepted: true }])
    }
    expect(await harness.emitted('hms.alert.reported.v1')).toEqual([
      { ...alert, connected: false, ofRun: null, receivedAt: harness.clock.now().toISOString() },
    ])
  })

  it('accepts an alert without reading and value, and names the invalid members of another', async () => {
    harness = await startStore()
    expect((await report({ id: 'a-2', bot: 'b', region: '', kind: 'Silence' })).status).toBe(202)
    const response = await report({ ...alert, value: {}, reading: 1 })
    const { errors } = (await response.json()) as { errors: { pointer: string }[] }
    expect([response.status, errors.map(({ pointer }) => pointer).sort()]).toEqual([400, ['/reading', '/value']])
  })

  it('names the run in force by the time of the database, not by the wall clock of this instance', async () => {
    harness = await startStore()
    await harness.stored(await harness.head({ run: 1 }))
    const lease = { scope: 'region:NCR', share: 10_000, base: digestOfRelease('1.0.0'), expires: '2026-01-01T01:00:00Z' }
    await harness.stored(await harness.head({ ...lease, version: '2.0.0', run: 2 }))
    const wall = harness.clock.now()
    harness.clock.now = () => new Date(wall.getTime() + 7_200_000)
    await report(alert)
    expect(await harness.emitted('hms.alert.reported.v1')).toMatchObject([{ ofRun: 2 }])
  })

  it('names the run of a connected bot that hashes with the policy id', async () => {
    harness = await startStore()
    await harness.stored(await harness.head({ run: 1 }))
    const lease = { scope: 'region:NCR', share: 5_000, base: digestOfRelease('1.0.0'), expires: '2026-01-01T01:00:00Z' }
    await harness.stored(await harness.head({ ...lease, cohortKey: 'a-limit', version: '2.0.0', run: 2 }))
    const names = Array.from({ length: 100 }, (_, index) => `bot-${index}`)
    const bot = names.find((name) => bucketOf(POLICY, name) < 5_000 && bucketOf('a-limit', name) >= 5_000)!
    const presence = harness.host.app.get(Presence, { strict: false })
    presence.addSocket({ bot, region: 'NCR' }, {})
    await report({ ...alert, bot })
    expect(await harness.emitted('hms.alert.reported.v1')).toMatchObject([{ ofRun: 2 }])
  })

  it('requires a signed request in production', async () => {
    harness = await startStore('production')
    expect((await report(alert)).status).toBe(401)
  })

  it('forgets an id after eight days', async () => {
    harness = await startStore()
    await report(alert)
    await harness.settle()
    for (let hours = 0; hours < 8 * 24 + 2; hours++) {
      harness.clock.advanceTo(harness.clock.now().getTime() + 3_600_000)
      await harness.settle()
    }
    expect(await harness.runtime.database.transaction((tx) => tx.documents(ALERT_INBOX).count())).toBe(0)
  })
})
