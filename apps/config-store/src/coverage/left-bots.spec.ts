import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CoverageView } from '#libs/contracts'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import { Follower } from '../testing/follow.suite.js'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'
import { LeftBots } from './left-bots.js'
import { LEFT_BOTS, type LeftBot, MAX_LEFT_BOTS } from './presence.table.js'

const DAY_MS = 24 * 60 * 60 * 1_000
const V1 = digestOfRelease('1.0.0')
const V2 = digestOfRelease('2.0.0')

let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
  await harness.stored(await harness.head())
})
afterEach(() => harness.stop())

const advance = async (ms: number) => {
  harness.clock.advanceTo(harness.clock.now().getTime() + ms)
  await harness.settle()
}
const coverage = async (policy = POLICY) => (await (await fetch(`${harness.url}/v1/coverage?policy=${policy}`)).json()) as CoverageView
const left = async (policy = POLICY) => (await coverage(policy)).left!.map(({ id }) => id).toSorted()
const connected = async (bot: string, more: Record<string, string> = {}, options: { autoPong?: boolean } = {}) => {
  const follower = Follower.stream(harness.url, { bot, region: 'NCR', ...more }, options)
  await follower.frame(0)
  return follower
}
const acknowledged = async (bot: string, revision = 1, digest = V1, more: Record<string, string> = {}, options = {}) => {
  const follower = await connected(bot, more, options)
  follower.applied(revision, { [POLICY]: digest })
  await expect.poll(async () => (await presence(bot))?.revision).toBe(revision)
  await advance(250)
  return follower
}
const presence = async (bot: string) => {
  const { lagging, total } = await coverage()
  return total === 0 ? undefined : (lagging.find(({ id }) => id === bot) ?? { revision: (await coverage()).revision })
}
const leaves = async (follower: Follower) => {
  const before = (await coverage()).total
  follower.socket.close()
  await follower.closed
  await expect.poll(async () => (await coverage()).total).toBe(before - 1)
  await advance(250)
}
const publish = async () => harness.stored(await harness.head({ seq: 2, version: '2.0.0' }))

describe('bots that left while behind', () => {
  it('are listed with the release they applied, and not counted; bots that left current are not listed', async () => {
    const [a, b] = [await acknowledged('a'), await acknowledged('b')]
    await leaves(a)
    await publish()
    await leaves(b)
    const view = await coverage()
    expect(view).toMatchObject({ total: 0, current: 0, lagging: [], regions: [], versions: [] })
    expect(view.left).toMatchObject([{ id: 'b', region: 'NCR', revision: 1, digest: V1, version: '1.0.0' }])
    const metrics = await (await fetch(`${harness.url}/metrics`)).text()
    expect(metrics).toMatch(/^hms_svc_bots_left_behind(\{.*\})? 1$/m)
  })

  it('include a frozen bot, which no longer answers pings', async () => {
    await acknowledged('frozen', 1, V1, {}, { autoPong: false })
    await publish()
    for (let passed = 0; passed < 60_000; passed += 2_000) await advance(2_000)
    await expect.poll(async () => (await coverage()).total).toBe(0)
    await advance(250)
    expect(await left()).toEqual(['frozen'])
  })

  it('are hidden while they are connected, and deleted once they acknowledged what is in force', async () => {
    const first = await acknowledged('b')
    await publish()
    await leaves(first)
    const second = await acknowledged('b')
    expect(await left()).toEqual([])
    await leaves(second)
    expect(await left()).toEqual(['b'])
    const third = await acknowledged('b', 2, V2)
    await leaves(third)
    expect(await left()).toEqual([])
  })

  it('stay listed after a short return without an acknowledgement', async () => {
    const first = await acknowledged('b')
    await publish()
    await leaves(first)
    await leaves(await connected('b'))
    expect(await left()).toEqual(['b'])
  })

  it('are deleted if a rollback makes their release current before they leave again', async () => {
    const first = await acknowledged('b')
    await publish()
    await leaves(first)
    const second = await acknowledged('b')
    await harness.stored(await harness.head({ seq: 3, version: '1.0.0' }))
    second.applied(3, { [POLICY]: V1 })
    await expect.poll(async () => (await coverage()).current).toBe(1)
    await leaves(second)
    expect(await left()).toEqual([])
  })

  it('are listed without any acknowledgement only if they were connected long enough for one', async () => {
    await leaves(await connected('visitor'))
    expect(await left()).toEqual([])
    const mute = await connected('mute')
    await advance(6_000)
    await leaves(mute)
    expect((await coverage()).left).toMatchObject([{ id: 'mute', revision: 0, digest: null, version: null }])
  })

  it('are listed under the policies that they read and in which they were behind', async () => {
    await harness.stored(await harness.head({ policy: 'ozone-limit' }))
    const one = await acknowledged('one', 1, V1, { policies: POLICY })
    const all = await connected('all')
    all.applied(2, { [POLICY]: V1 })
    await expect.poll(async () => (await coverage()).current).toBe(2)
    await leaves(all)
    expect([await left(), await left('ozone-limit')]).toEqual([[], ['all']])
    await publish()
    await leaves(one)
    expect([await left(), await left('ozone-limit')]).toEqual([['one'], ['all']])
  })

  it('are deleted after seven days', async () => {
    const b = await acknowledged('b')
    await publish()
    await leaves(b)
    await advance(7 * DAY_MS - 60_000)
    expect(await left()).toEqual(['b'])
    await advance(120_000)
    expect(await left()).toEqual([])
    const rows = () => harness.runtime.database.autocommit((tx) => tx.documents(LEFT_BOTS).count())
    await expect.poll(async () => (await advance(60 * 60 * 1_000), rows())).toBe(0)
  })
})

describe('the table of bots that left while behind', () => {
  it('keeps ten thousand rows, and beyond that deletes the oldest', async () => {
    const database = new MemoryDatabase(new VirtualClock())
    const bots = new LeftBots(database, {} as never, {} as never, {} as never)
    const row = (n: number): LeftBot => ({ bot: `bot-${n}`, region: '', revision: 1, since: at(n), leftAt: at(n), behind: [] })
    const at = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n).toISOString()
    const write = (rows: LeftBot[]) => database.transaction((tx) => bots.write(tx, { rows, current: [] }, () => false))
    await write(Array.from({ length: MAX_LEFT_BOTS }, (_, n) => row(n + 3)))
    await write([row(0), row(MAX_LEFT_BOTS + 3)])
    const kept = await database.autocommit(async (tx) => [
      await tx.documents(LEFT_BOTS).count(),
      ...(await tx.documents(LEFT_BOTS).find({ orderBy: 'left_at', limit: 1 })),
    ])
    expect(kept).toMatchObject([MAX_LEFT_BOTS, { bot: 'bot-4' }])
  })
})
