import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Channel } from '../partners/channel.js'
import { notifierFixture } from './notifier-fixture.suite.js'

let harness: Awaited<ReturnType<typeof notifierFixture>>
beforeEach(async () => {
  harness = await notifierFixture()
})
afterEach(async () => {
  harness.worker.onModuleDestroy()
  await harness.stop()
})

const hooks = (id: string, count: number): Channel[] =>
  Array.from({ length: count }, (_, index) => ({ kind: 'webhook', url: `https://${id}.example/${index}`, secret: 'whsec_' }))
const named = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

/** Returns for each delivered message the seconds from the start of the run to its delivery, sorted. */
async function arrivals(): Promise<number[]> {
  const startMs = Date.parse('2026-01-01T00:00:00Z')
  const arrived = (await harness.deliveries()).flatMap(({ deliveredAt }) =>
    deliveredAt === null ? [] : [Date.parse(deliveredAt) - startMs],
  )
  return arrived.map((ms) => ms / 1000).toSorted((a, b) => a - b)
}

describe('partners that hang', () => {
  it('use two slots each, and the others are notified immediately', async () => {
    const dead = named('dead', 20)
    await harness.register(...dead.map((id) => ({ id, channels: hooks(id, 3) })), ...named('well', 45).map((id) => ({ id })))
    for (const id of dead) harness.sender.script.set(id, ['hang'])
    await harness.complete(184, '2.0.0', null)
    await harness.advance(1)
    const calls = (prefix: string): number => harness.sender.sent.filter(({ partner }) => partner.startsWith(prefix)).length
    expect([calls('dead'), await arrivals()]).toEqual([40, Array<number>(45).fill(0)])
  })

  it('are claimed less often the longer they hang, however many deliveries wait', async () => {
    await harness.register({ id: 'dead', channels: hooks('dead', 42) })
    harness.sender.script.set('dead', ['hang'])
    await harness.complete(184, '2.0.0', null)
    // Returns the highest lease epoch, which counts how often any timer was set or claimed.
    const numbers = async (): Promise<number> => {
      const timers = await harness.database.transaction((tx) => harness.runtime.timers.pending(tx, 'deliver:'))
      return Math.max(...timers.map(({ leaseEpoch }) => leaseEpoch))
    }
    const before = await numbers()
    await harness.advance(15)
    expect(((await numbers()) - before) / 2 / 40).toBeLessThan(10)
  })

  it('never delay the others over several runs', async () => {
    await harness.register(...named('well', 49).map((id) => ({ id })), { id: 'dead', channels: hooks('dead', 8) })
    harness.sender.script.set('dead', ['hang'])
    for (const [index, version] of ['2.0.0', '2.1.0', '2.2.0'].entries()) {
      await harness.complete(184 + index, version, null)
      await harness.advance(5)
    }
    expect((await arrivals()).map((second) => second % 5)).toEqual(Array<number>(3 * 49).fill(0))
  })

  it('on the one mail relay delay no webhook', async () => {
    const mailed = named('mailed', 70)
    const channels = (id: string): Channel[] => [{ kind: 'email', to: `air@${id}.example` }]
    await harness.register(...mailed.map((id) => ({ id, channels: channels(id) })), ...named('well', 10).map((id) => ({ id })))
    for (const id of mailed) harness.sender.script.set(id, ['hang'])
    await harness.complete(184, '2.0.0', null)
    await harness.advance(1)
    expect([harness.sender.sent.filter(({ channel }) => channel === 'email').length, (await arrivals()).length]).toEqual([6, 10])
  })
})
