import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peekPredicate, type CoverageView, type StreamFrame } from '#libs/contracts'
import { provesStableHead, StableTree, type FreshnessPredicate, type StableHead } from '#libs/signing'
import { Follower } from '../testing/follow.suite.js'
import { digestOfRelease, startStore } from '../testing/store-harness.suite.js'

const [A, B, C] = ['a-limit', 'b-limit', 'c-limit']
let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
})
afterEach(() => harness.stop())

const store = async (...heads: { policy: string; seq?: number; version?: string }[]) =>
  harness.stored(...(await Promise.all(heads.map((head) => harness.head(head)))))
const stream = (policies: string, query: Record<string, string> = {}) => Follower.stream(harness.url, { policies, ...query })
const summaryOf = ({ type, revision, documents = [] }: StreamFrame) => [type, revision, documents.map(({ id, seq }) => `${id} ${seq}`)]
const firstWith = async (reader: Follower, from: number, member: 'freshness' | 'standing'): Promise<StreamFrame> => {
  for (let index = from; ; index++) {
    const frame = await reader.frame(index)
    if (frame[member] !== undefined) return frame
  }
}
const beat = () => harness.clock.advanceTo(harness.clock.now().getTime() + 10_000)

describe('a reader of a few policies', () => {
  it('gets only its policies, in the snapshot and in changes, and an unknown one once it exists', async () => {
    await store({ policy: A }, { policy: B }).then(() => store({ policy: A, seq: 2, version: '2.0.0' }))
    const reader = stream(`${A},${C}`)
    expect(summaryOf(await reader.frame(0))).toEqual(['snapshot', 2, [`${A} 2`]])
    await store({ policy: B, seq: 2, version: '2.0.0' })
    await store({ policy: C })
    expect(summaryOf(await reader.frame(1))).toEqual(['change', 4, [`${C} 1`]])
    beat()
    expect(summaryOf(await reader.frame(2))).toEqual(['heartbeat', 4, []])
  })

  it('resumes with its own changes, or with an empty change', async () => {
    await store({ policy: A })
    await store({ policy: B })
    await store({ policy: A, seq: 2, version: '2.0.0' })
    await store({ policy: B, seq: 2, version: '2.0.0' })
    const first = async (revision: string) => summaryOf(await stream(A, { revision }).frame(0))
    expect([await first('1'), await first('3'), await first('4')]).toEqual([
      ['change', 4, [`${A} 2`]],
      ['change', 4, []],
      ['change', 4, []],
    ])
  })

  describe('once the lease of a canary bundle has expired', () => {
    const canary = (policy: string) => {
      const base = digestOfRelease('1.0.0', policy)
      return harness.head({ policy, scope: 'region:NCR', version: '2.0.0', share: 500, base, expires: '2026-01-01T00:01:00Z' })
    }
    const bundled = async () => {
      await store({ policy: A })
      await store({ policy: B })
      await harness.stored(await canary(A), await canary(B))
    }
    const over = async () => {
      harness.clock.advanceTo(Date.parse('2026-01-01T00:02:00Z'))
      await harness.settle()
    }

    it('is notified that the other policies are no longer included, before one of them advances alone', async () => {
      await bundled()
      const [reader, other, all] = [stream(A), stream(C), Follower.stream(harness.url)]
      expect((await reader.frame(0)).along).toEqual([B])
      await Promise.all([other.frame(0), all.frame(0)])
      await over()
      // The next poll, ten seconds later, detects the expiry.
      beat()
      const end = await reader.first(({ type }) => type === 'change')
      expect([summaryOf(end), end.along]).toEqual([['change', 3, []], undefined])
      await store({ policy: B, seq: 2, version: '3.0.0' })
      await all.first(({ revision }) => revision === 4)
      const changes = ({ frames }: Follower) => frames.filter(({ type }) => type === 'change').map(summaryOf)
      expect([reader, other, all].map(changes)).toEqual([[['change', 3, []]], [], [['change', 4, [`${B} 2`]]]])
    })

    it('is notified when it reconnects', async () => {
      await bundled()
      const polled = async (etag = '') => {
        const answer = await fetch(`${harness.url}/v1/snapshot?policies=${A}&revision=3`, { headers: { 'if-none-match': etag } })
        return { etag: answer.headers.get('etag')!, status: answer.status }
      }
      const held = await stream(A, { revision: '3' }).frame(0)
      const known = await polled()
      expect([summaryOf(held), held.along, (await polled(known.etag)).status]).toEqual([['change', 3, []], [B], 304])
      await over()
      const again = await stream(A, { revision: '3' }).frame(0)
      expect([summaryOf(again), again.along, (await polled(known.etag)).status]).toEqual([['change', 3, []], undefined, 200])
    })
  })

  it('gets a whole bundle, and changes of its members only while the bundle is in force', async () => {
    await store({ policy: B })
    const reader = stream(A)
    await reader.frame(0)
    await store({ policy: A }, { policy: B, seq: 2, version: '2.0.0' })
    expect(summaryOf(await reader.frame(1))).toEqual(['change', 2, [`${A} 1`, `${B} 2`]])
    await store({ policy: B, seq: 3, version: '3.0.0' })
    expect(summaryOf(await reader.frame(2))).toEqual(['change', 3, [`${B} 3`]])
    expect(summaryOf(await stream(A, { revision: '2' }).frame(0))).toEqual(['change', 3, [`${B} 3`]])
    expect(summaryOf(await stream(A).frame(0))).toEqual(['snapshot', 3, [`${A} 1`, `${B} 3`]])
    await store({ policy: A, seq: 2, version: '2.0.0' })
    await store({ policy: B, seq: 4, version: '4.0.0' })
    await store({ policy: A, seq: 3, version: '3.0.0' })
    expect(summaryOf(await reader.frame(3))).toEqual(['change', 4, [`${A} 2`]])
    expect(summaryOf(await reader.frame(4))).toEqual(['change', 6, [`${A} 3`]])
    expect(reader.frames.map(({ along }) => along)).toEqual([undefined, [B], [B], undefined, undefined])
  })

  it('gets all documents of a policy that joins a bundle with its own', async () => {
    const stable = await harness.head({ policy: B })
    await harness.stored(stable)
    await store({ policy: A })
    const base = (policy: string) => digestOfRelease('1.0.0', policy)
    const canary = (policy: string) =>
      harness.head({ policy, scope: 'region:NCR', version: '2.0.0', share: 500, base: base(policy), expires: '2026-01-01T00:01:00Z' })
    const reader = stream(A)
    await reader.frame(0)
    await harness.stored(await canary(A), await canary(B))
    const { documents } = await reader.frame(1)
    expect(documents.map(({ id, scope }) => `${id}@${scope}`)).toEqual([`${A}@region:NCR`, `${B}@global`, `${B}@region:NCR`])
  })

  it('gets proofs of its policies with the first statement on other heads', async () => {
    await store({ policy: A })
    await store({ policy: B })
    const heads: StableHead[] = [A, B].map((policy) => ({ policy, seq: 1, current: digestOfRelease('1.0.0', policy) }))
    await harness.vouch(heads, harness.clock.now())
    const reader = stream(`${A},${C}`)
    const { freshness, standing } = await reader.frame(1)
    const { tree } = peekPredicate<FreshnessPredicate>(freshness!)
    expect(tree).toEqual(new StableTree(heads).root)
    expect([provesStableHead(tree!, A, heads[0], standing![A]), provesStableHead(tree!, C, undefined, standing![C])]).toEqual([true, true])
    await harness.vouch(heads, new Date(harness.clock.now().getTime() + 1))
    beat()
    const again = await firstWith(reader, 2, 'freshness')
    expect(again.standing).toBeUndefined()
    const moved = [heads[0]!, { policy: B, seq: 2, current: digestOfRelease('2.0.0', B) }]
    await store({ policy: B, seq: 2, version: '2.0.0' })
    await harness.vouch(moved, harness.clock.now())
    const proven = await firstWith(reader, 2, 'standing')
    expect(provesStableHead(new StableTree(moved).root, A, heads[0], proven.standing![A])).toBe(true)
    expect(proven.type).toBe('heartbeat')
  })

  it('is counted only for its policies', async () => {
    await store({ policy: A })
    await store({ policy: B })
    const reader = stream(A, { bot: 'inspector-7' })
    await reader.frame(0)
    reader.applied(2, { [A]: digestOfRelease('1.0.0', A) })
    const coverage = async (policy: string) => (await (await fetch(`${harness.url}/v1/coverage?policy=${policy}`)).json()) as CoverageView
    await expect.poll(async () => (await coverage(A)).current).toBe(1)
    expect([await coverage(A), await coverage(B)]).toMatchObject([
      { total: 1, current: 1 },
      { total: 0, current: 0 },
    ])
  })

  it('gets only its policies over HTTP and as Server-Sent Events', async () => {
    await store({ policy: A })
    await store({ policy: B })
    const response = await fetch(`${harness.url}/v1/snapshot?policies=${A}`)
    const etags = [response.headers.get('etag'), (await fetch(`${harness.url}/v1/snapshot`)).headers.get('etag')]
    expect(summaryOf((await response.json()) as StreamFrame)).toEqual(['snapshot', 2, [`${A} 1`]])
    expect(new Set(etags).size).toBe(2)
    const events = await fetch(`${harness.url}/v1/events?policies=${A}`)
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader()
    const { value = '' } = await reader.read()
    await reader.cancel()
    expect(value).toContain(A)
    expect(value).not.toContain(B)
  })

  it('gets a 400 for invalid policy ids', async () => {
    const many = Array.from({ length: 101 }, (_, index) => `policy-${index}`).join()
    for (const policies of ['', 'A', 'a-limit,,b-limit', 'a-limit,__proto__', many]) {
      const answer = await fetch(`${harness.url}/v1/snapshot?policies=${policies}`)
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { code: 'HMS_HTTP_QUERY_INVALID', errors: [{ pointer: '/policies', detail: expect.stringContaining('1 to 100') as string }] },
      ])
    }
  })
})
