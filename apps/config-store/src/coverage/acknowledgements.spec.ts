import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CoverageView } from '#libs/contracts'
import { Follower } from '../testing/follow.suite.js'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'
import { NODES, PRESENCE } from './presence.table.js'

let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
})
afterEach(() => harness.stop())

const advance = async (ms: number) => {
  harness.clock.advanceTo(harness.clock.now().getTime() + ms)
  await harness.settle()
}
const coverage = async (query = '') => (await (await fetch(`${harness.url}/v1/coverage?policy=${POLICY}${query}`)).json()) as CoverageView
const numbers = async () => {
  const reports = await harness.emitted('hms.coverage.reported.v1')
  return reports.flatMap(({ reports }) =>
    reports.map(({ scopes }) => scopes.map(({ scope, seq, expected, acknowledged }) => [scope, seq, expected, acknowledged])),
  )
}
const connected = async (bot: string, region = 'NCR') => {
  const follower = Follower.stream(harness.url, { bot, region })
  await follower.frame(0)
  return follower
}

describe('coverage', () => {
  it('is reported right after a head, and again when the bots have acknowledged it', async () => {
    const bot = await connected('a')
    await harness.stored(await harness.head())
    expect(await harness.emitted('hms.head.published.v1')).toMatchObject([{ heads: [{ audience: { connected: 1, cohort: 1 } }] }])
    expect(await numbers()).toEqual([[['global', 1, 1, 0]]])
    bot.applied(1, { [POLICY]: digestOfRelease('1.0.0') })
    await until(async () => (await coverage()).current === 1)
    await advance(250)
    expect(await numbers()).toEqual([[['global', 1, 1, 0]], [['global', 1, 1, 1]]])
  })

  it('of a bot that stays behind for two minutes is a concern, until it acknowledges', async () => {
    await harness.stored(await harness.head())
    const bot = await connected('a')
    bot.applied(1, { [POLICY]: digestOfRelease('0.9.0') })
    await until(async () => (await coverage()).lagging[0]?.revision === 1)
    expect(harness.runtime.concerns.all).toEqual([])
    await advance(121_000)
    expect(harness.runtime.concerns.all).toEqual(['1 connected bot does not apply what is in force (next: hms-svc runs list)'])
    bot.applied(1, { [POLICY]: digestOfRelease('1.0.0') })
    await until(async () => (await coverage()).current === 1)
    expect(harness.runtime.concerns.all).toEqual([])
  })

  it('of all bots is a concern once rollout’s last freshness statement has expired, and they count as stale', async () => {
    const counted = async () => /^hms_svc_bots\{state="stale"\} (\d+)$/m.exec(await (await fetch(`${harness.url}/metrics`)).text())?.[1]
    const vouch = () => harness.vouch([{ policy: POLICY, seq: 1, current: digestOfRelease('1.0.0') }], harness.clock.now())
    await harness.stored(await harness.head())
    await vouch()
    const bot = await connected('a')
    bot.applied(1, { [POLICY]: digestOfRelease('1.0.0') })
    await until(async () => (await coverage()).current === 1)
    await advance(299_000)
    expect([await counted(), harness.runtime.concerns.all]).toEqual(['0', []])
    await advance(1_000)
    expect([await counted(), harness.runtime.concerns.all]).toEqual([
      '1',
      ['connected bots cannot confirm what is in force: rollout’s freshness statement has expired (next: hms-svc doctor)'],
    ])
    await vouch()
    await advance(1_000)
    expect([await counted(), harness.runtime.concerns.all]).toEqual(['0', []])
  })

  it('is reported once for all policies of a run', async () => {
    const bundle = await Promise.all(['a-limit', 'b-limit'].map((policy) => harness.head({ policy, run: 7 })))
    await harness.stored(...bundle, await harness.head({ run: 6 }))
    const reported = (await harness.emitted('hms.coverage.reported.v1')).map(({ ofRun, reports }) => [
      ofRun,
      reports.map(({ policy }) => policy),
    ])
    expect(reported).toEqual([
      [7, ['a-limit', 'b-limit']],
      [6, [POLICY]],
    ])
  })

  it('lists lagging bots, counts a bot with two connections once, and drops it when it leaves', async () => {
    await harness.stored(await harness.head())
    const first = await connected('a')
    const second = await connected('a')
    expect(await coverage()).toMatchObject({ policy: POLICY, revision: 1, total: 1, current: 0, lagging: [{ id: 'a', revision: 0 }] })
    first.applied(1, { [POLICY]: digestOfRelease('1.0.0') })
    second.applied(1, { [POLICY]: digestOfRelease('1.0.0') })
    await until(async () => (await coverage()).current === 1)
    second.socket.close()
    first.socket.close()
    await until(async () => (await coverage()).total === 0)
  })

  it('counts a bot by its first connection again when the second one has closed', async () => {
    await harness.stored(await harness.head())
    const first = await connected('a')
    first.applied(1, { [POLICY]: digestOfRelease('1.0.0') })
    await until(async () => (await coverage()).current === 1)
    const second = await connected('a')
    await until(async () => (await coverage()).current === 0)
    second.socket.close()
    await until(async () => (await coverage()).current === 1)
    await harness.stored(await harness.head({ seq: 2, version: '2.0.0' }))
    expect(await coverage()).toMatchObject({ total: 1, current: 0 })
    first.applied(2, { [POLICY]: digestOfRelease('2.0.0') })
    await until(async () => (await coverage()).current === 1)
  })

  it('uses the newer report of a bot that another instance has too', async () => {
    await harness.stored(await harness.head())
    await connected('a')
    const isoAfter = (afterMs: number): string => new Date(harness.clock.now().getTime() + afterMs).toISOString()
    const elsewhere = (since: string): Promise<void> =>
      harness.runtime.database.transaction(async (tx) => {
        await tx.documents(NODES).put({ id: 'other', leaseUntil: isoAfter(15_000) })
        const bots = [{ bot: 'a', region: 'VA', revision: 1, applied: { [POLICY]: digestOfRelease('1.0.0') }, since }]
        await tx.documents(PRESENCE).put({ node: 'other', chunk: 0, bots })
      })
    await elsewhere(isoAfter(-1_000))
    harness.runtime.signals.send('presence')
    await advance(250)
    expect(await coverage()).toMatchObject({ total: 1, current: 0 })
    await elsewhere(isoAfter(1_000))
    harness.runtime.signals.send('presence')
    await advance(250)
    expect(await coverage()).toMatchObject({ total: 1, current: 1 })
  })

  it('counts the bots of another instance until its lease expires', async () => {
    await harness.stored(await harness.head())
    const leaseUntil = new Date(harness.clock.now().getTime() + 8_000).toISOString()
    await harness.runtime.database.transaction(async (tx) => {
      await tx.documents(NODES).put({ id: 'other', leaseUntil })
      const bots = [{ bot: 'b', region: 'VA', revision: 1, applied: {}, since: leaseUntil }]
      await tx.documents(PRESENCE).put({ node: 'other', chunk: 0, bots })
    })
    harness.runtime.signals.send('presence')
    await advance(250)
    expect(await coverage()).toMatchObject({ total: 1 })
    await advance(20_000)
    await advance(250)
    expect(await coverage()).toMatchObject({ total: 0 })
  })
})

describe('the wait for a revision', () => {
  it('ends when the last bot has acknowledged it', async () => {
    await harness.stored(await harness.head())
    const bot = await connected('a')
    const answer = coverage('&revision=1&waitMs=10000')
    bot.applied(1, { [POLICY]: digestOfRelease('1.0.0') })
    await until(async () => (await coverage()).current === 1)
    await advance(10)
    expect(await answer).toMatchObject({ total: 1, current: 1, lagging: [] })
  })

  it('ends after `waitMs`, and at once without any bot', async () => {
    await harness.stored(await harness.head())
    expect(await coverage('&revision=1&waitMs=10000')).toMatchObject({ total: 0 })
    await connected('a')
    let answered = false
    const answer = coverage('&revision=1&waitMs=10000').finally(() => (answered = true))
    await until(async () => {
      await advance(1_000)
      return answered
    })
    expect(await answer).toMatchObject({ total: 1, current: 0, lagging: [{ id: 'a' }] })
  })

  it('requires a known policy and a `waitMs` within the limit', async () => {
    expect((await fetch(`${harness.url}/v1/coverage?policy=${POLICY}`)).status).toBe(404)
    expect((await fetch(`${harness.url}/v1/coverage?policy=${POLICY}&revision=1&waitMs=15001`)).status).toBe(400)
  })
})

/** Waits until real sockets have transferred the frames. */
async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await harness.settle()
}
