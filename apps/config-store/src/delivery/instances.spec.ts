import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, type CoverageView, type HeadReceipt, type StreamFrame } from '#libs/contracts'
import { dataSourceOf } from '#libs/service'
import { stableDigest, type FreshnessPredicate, type StableHead } from '#libs/signing'
import { testIdentity } from '../../../../test/support/identity.js'
import { freshDatabase } from '../../../../test/support/postgres.js'
import { definition } from '../config-store.module.js'
import { Follower } from '../testing/follow.suite.js'
import { digestOfRelease, POLICY, startInstance, type StoreHarness } from '../testing/store-harness.suite.js'

let database: Awaited<ReturnType<typeof freshDatabase>>
let [one, two, three]: StoreHarness[] = []
beforeAll(async () => {
  database = await freshDatabase()
  const identity = await testIdentity()
  one = await startInstance(database.url, identity)
  two = await startInstance(database.url, identity)
  three = await startInstance(database.url, identity)
})
afterAll(async () => {
  await one?.stop()
  await two?.stop()
  await three?.stop()
  await database.drop()
})

describe('three instances on one PostgreSQL', () => {
  it('push the changes of either, count each other’s bots, and drop the bots of one that stops', async () => {
    const reader = Follower.stream(two!.url, { bot: 'a', region: 'NCR' })
    await reader.frame(0)
    await one!.stored(await one!.head())
    expect(await reader.first(({ type }) => type === 'change')).toMatchObject({ revision: 1, changes: [{ id: POLICY }] })
    reader.applied(1, { [POLICY]: digestOfRelease('1.0.0') })
    expect(await whenTotal(1)).toMatchObject({ total: 1, current: 1, lagging: [] })
    await two!.stop()
    two = undefined
    expect(await whenTotal(0)).toMatchObject({ total: 0 })
  })

  it('assign gap-free revisions to heads that are posted concurrently', async () => {
    const heads = await Promise.all([2, 3, 4, 5, 6].map((seq) => one!.head({ seq, version: `${seq}.0.0` })))
    const responses = await Promise.all(heads.map((head) => one!.post(head)))
    const receipts = (await Promise.all(responses.map((response) => response.json()))) as HeadReceipt[]
    const applied = receipts.filter((receipt) => receipt.applied).map(({ revision }) => revision)
    expect(applied.toSorted((a, b) => a - b)).toEqual(applied.map((_, index) => index + 2))
    const follower = Follower.stream(one!.url, { revision: String(Math.max(...applied)) })
    expect(await follower.frame(0)).toMatchObject({ type: 'heartbeat', revision: applied.length + 1 })
    follower.socket.close()
  })

  it('record a freshness statement once, although both receive it', async () => {
    const issuedAt = new Date()
    const statements = async () => (await Promise.all([one!, three!].map((harness) => harness.emitted('hms.state.vouched.v1')))).flat()
    const both = async (after: number): Promise<void> => {
      await Promise.all([one!, three!].map((harness) => harness.vouch([stable(6)], new Date(issuedAt.getTime() + after))))
    }
    await both(0)
    await expect.poll(statements).toHaveLength(1)
    await both(10_000)
    await both(30_000)
    await expect.poll(statements).toHaveLength(2)
  })

  it('push a change before the statement on it, whichever instance stores the change', async () => {
    const readers = [one!, three!].map(({ url }) => Follower.stream(url))
    for (const reader of readers) await reader.frame(1)
    await Promise.all([one!, three!].map((harness) => harness.vouch([stable(7)], new Date(Date.now() + 60_000))))
    await one!.stored(await one!.head({ seq: 7, version: '7.0.0' }))
    for (const reader of readers) {
      const vouchedFor = await reader.first((frame) => stableIn(frame) === stableDigest([stable(7)]))
      expect(vouchedFor.type).toBe('change')
      reader.socket.close()
    }
  })

  it('list a bot that left either of them while behind, but not one that returned to another', async () => {
    const policy = 'left-limit'
    const [v1, v2] = [digestOfRelease('1.0.0', policy), digestOfRelease('2.0.0', policy)]
    const view = async () => (await (await fetch(`${one!.url}/v1/coverage?policy=${policy}`)).json()) as CoverageView
    const joined = async (at: StoreHarness, bot: string, applied: string) => {
      const follower = Follower.stream(at.url, { bot, policies: policy })
      const { revision } = await follower.frame(0)
      follower.applied(revision, { [policy]: applied })
      return follower
    }
    await one!.stored(await one!.head({ policy }))
    const [gone, moved] = [await joined(three!, 'gone', v1), await joined(three!, 'moved', v1)]
    await expect.poll(async () => (await view()).current).toBe(2)
    await one!.stored(await one!.head({ policy, seq: 2, version: '2.0.0' }))
    const again = await joined(one!, 'moved', v2)
    await expect.poll(async () => (await view()).current).toBe(1)
    // The third instance learns at its next exchange that the bot acknowledged elsewhere.
    const heard = async () =>
      ((await (await fetch(`${three!.url}/v1/coverage?policy=${policy}`)).json()) as CoverageView).lagging.map(({ id }) => id)
    await expect.poll(heard).toEqual(['gone'])
    again.socket.close()
    await expect.poll(async () => (await view()).current).toBe(0)
    await expect.poll(heard, { timeout: 10_000 }).toEqual(['gone', 'moved'])
    moved.socket.close()
    await expect.poll(heard).toEqual(['gone'])
    await three!.stop()
    three = undefined
    gone.socket.close()
    // An instance reads the list once a second at most.
    await expect.poll(async () => (await view()).left?.map(({ id }) => id), { timeout: 5_000 }).toEqual(['gone'])
  })

  it('find database tables that match the code', async () => {
    const source = await dataSourceOf(definition, database.url, 1).initialize()
    try {
      expect((await source.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query)).toEqual([])
    } finally {
      await source.destroy()
    }
  })
})

function stable(seq: number): StableHead {
  return { policy: POLICY, seq, current: digestOfRelease(`${seq}.0.0`) }
}

function stableIn({ freshness }: StreamFrame): string | undefined {
  return freshness && peekPredicate<FreshnessPredicate>(freshness).stable
}

/** Polls the first instance until it counts `total` current bots: reports of the other instance arrive through the database. */
async function whenTotal(total: number): Promise<CoverageView> {
  for (;;) {
    const view = (await (await fetch(`${one!.url}/v1/coverage?policy=${POLICY}`)).json()) as CoverageView
    if (view.total === total && view.lagging.length === 0) return view
  }
}
