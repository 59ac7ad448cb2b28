import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notifierFixture } from '../notifications/notifier-fixture.suite.js'
import type { Channel } from '../partners/channel.js'
import { CHECK_OFFSETS_MS } from './check-for-acks.js'

const SFTP: Channel = { kind: 'sftp', host: 'sftp.va.example', port: 22, user: 'hms', hostKey: '', dir: '/inbox', key: 'key' }
const MESSAGE = 'run_184_epa-pm25-limit_va-deq'

let harness: Awaited<ReturnType<typeof notifierFixture>>
beforeEach(async () => {
  harness = await notifierFixture()
  await harness.register({ id: 'va-deq', channels: [SFTP] })
})
afterEach(() => harness.stop())

/** Advances from check to check. */
async function pass(untilMs: number): Promise<void> {
  const start = Date.parse('2026-01-01T00:00:00Z')
  for (const offset of CHECK_OFFSETS_MS.filter((ms) => ms <= untilMs)) {
    harness.clock.advanceTo(Math.max(start + offset, harness.clock.now().getTime()))
    await harness.quiet()
    await harness.quiet()
  }
}

describe('a document in a folder', () => {
  it("is acknowledged once by the file beside it, with the partner's text on one line", async () => {
    await harness.complete(184, '2.0.0', null)
    await pass(2 * 60_000)
    expect(await harness.deliveries()).toMatchObject([{ state: 'delivered' }])
    expect((await harness.deliveries())[0]!.acknowledged).toBeUndefined()
    harness.sender.acks = new Map([[MESSAGE, 'taken up\r\n\u001b[2Jby gateway 7\n']])
    await pass(5 * 60_000)
    const acknowledged = { way: 'file', keyId: null, note: 'taken up [2Jby gateway 7', at: '2026-01-01T00:05:00.000Z' }
    expect(await harness.deliveries()).toMatchObject([{ state: 'delivered', acknowledged }])
    expect(await harness.said('hms.delivery.acknowledged.v1')).toMatchObject([{ message: MESSAGE, way: 'file' }])
    await pass(24 * 3_600_000)
    expect(harness.sender.looks).toEqual([[MESSAGE], [MESSAGE], [MESSAGE]])
  })

  it('is checked twenty times within a week, even if the server cannot be reached', async () => {
    harness.sender.acks = undefined
    await harness.complete(184, '2.0.0', null)
    await pass(Infinity)
    expect(harness.sender.looks).toHaveLength(CHECK_OFFSETS_MS.length)
    harness.clock.advanceTo(harness.clock.now().getTime() + 30 * 24 * 3_600_000)
    await harness.quiet()
    expect(harness.sender.looks).toHaveLength(CHECK_OFFSETS_MS.length)
    expect(await harness.deliveries()).toMatchObject([{ state: 'delivered', deliveredAt: '2026-01-01T00:00:00.000Z' }])
  })

  it('is checked together with the others of its folder, and no other folder is checked', async () => {
    await harness.register({ id: 'md-mde' }, { id: 'va-deq', lane: 'every', channels: [SFTP] })
    await harness.complete(184, '2.0.0', null)
    await harness.complete(185, '2.1.0', '2.0.0')
    await pass(60_000)
    expect(harness.sender.looks).toEqual([['run_185_epa-pm25-limit_va-deq', MESSAGE]])
  })
})
