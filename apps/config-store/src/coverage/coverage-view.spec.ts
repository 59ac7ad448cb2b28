import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CoverageView } from '#libs/contracts'
import { Follower } from '../testing/follow.suite.js'
import { digestOfRelease, POLICY, startStore, type HeadOptions } from '../testing/store-harness.suite.js'

const OTHER = 'ozone-limit'
let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
})
afterEach(() => harness.stop())

const store = async (options: HeadOptions) => harness.stored(await harness.head(options))
const coverage = async (policy = POLICY) => (await (await fetch(`${harness.url}/v1/coverage?policy=${policy}`)).json()) as CoverageView
const connected = async (query: Record<string, string>) => {
  const follower = Follower.stream(harness.url, query)
  await follower.frame(0)
  return follower
}
const digests = [1, 2].map((major) => digestOfRelease(`${major}.0.0`))

describe('the coverage of a policy', () => {
  it('is counted by region and by version, and lists lagging bots with their last report', async () => {
    await store({})
    await store({ seq: 2, version: '2.0.0' })
    const [a, b] = [await connected({ bot: 'a', region: 'NCR' }), await connected({ bot: 'b', region: 'VA' })]
    await connected({ bot: 'c', region: 'VA' })
    a.applied(2, { [POLICY]: digests[1]! })
    b.applied(1, { [POLICY]: digests[0]! })
    await expect.poll(async () => (await coverage()).versions.length).toBe(3)
    const { lagging, regions, versions } = await coverage()
    expect(regions).toEqual([
      { region: 'NCR', total: 1, current: 1 },
      { region: 'VA', total: 2, current: 0 },
    ])
    expect(lagging).toMatchObject([
      { id: 'b', region: 'VA', revision: 1, digest: digests[0], version: '1.0.0' },
      { id: 'c', region: 'VA', revision: 0, digest: null, version: null },
    ])
    expect(versions.toSorted((x, y) => ((x.version ?? '') < (y.version ?? '') ? -1 : 1))).toEqual([
      { version: null, digest: null, total: 1 },
      { version: '1.0.0', digest: digests[0], total: 1 },
      { version: '2.0.0', digest: digests[1], total: 1 },
    ])
  })

  it('lists the connected bots only for `bots=all`, with state and version', async () => {
    await store({})
    await store({ seq: 2, version: '2.0.0' })
    const [b, a] = [await connected({ bot: 'b', region: 'VA' }), await connected({ bot: 'a', region: 'NCR' })]
    await connected({ bot: 'c' })
    a.applied(2, { [POLICY]: digests[1]! })
    b.applied(1, { [POLICY]: digests[0]! })
    await expect.poll(async () => (await coverage()).versions.length).toBe(3)
    const { bots, ...plain } = await coverage(`${POLICY}&bots=all`)
    expect(bots).toEqual([
      { id: 'a', region: 'NCR', digest: digests[1], version: '2.0.0', state: 'current' },
      { id: 'b', region: 'VA', digest: digests[0], version: '1.0.0', state: 'stale' },
      { id: 'c', region: '', digest: null, version: null, state: 'silent' },
    ])
    expect(await coverage()).toEqual(plain)
    for (const wrong of ['', 'all,all', '1'])
      expect((await fetch(`${harness.url}/v1/coverage?policy=${POLICY}&bots=${wrong}`)).status).toBe(400)
  })

  it('counts readers without a bot name separately', async () => {
    await store({})
    await store({ policy: OTHER })
    await connected({ bot: 'a' })
    await connected({})
    const part = await connected({ policies: POLICY })
    const events = await fetch(`${harness.url}/v1/events?policies=${OTHER}`)
    const reader = events.body!.getReader()
    await reader.read()
    const seen = async () => Promise.all([POLICY, OTHER].map(async (policy) => (await coverage(policy)).seen))
    expect(await seen()).toEqual([
      { stream: 2, events: 0, ofrep: 0 },
      { stream: 1, events: 1, ofrep: 0 },
    ])
    part.socket.close()
    await part.closed
    await reader.cancel()
    await expect.poll(seen).toEqual([
      { stream: 1, events: 0, ofrep: 0 },
      { stream: 1, events: 0, ofrep: 0 },
    ])
    expect((await coverage()).total).toBe(1)
  })
})

describe('propagation', () => {
  it('is the time from the signing of a head to each acknowledgement by a bot with an earlier acknowledgement', async () => {
    await store({})
    const [first, late] = [await connected({ bot: 'a' }), await connected({ bot: 'b' })]
    first.applied(1, { [POLICY]: digests[0]! })
    await expect.poll(async () => (await coverage()).current).toBe(1)
    harness.clock.advanceTo(Date.parse('2026-01-01T00:00:08Z'))
    await store({ seq: 2, version: '2.0.0', issuedAt: '2026-01-01T00:00:05Z' })
    first.applied(2, { [POLICY]: digests[1]! })
    late.applied(2, { [POLICY]: digests[1]! })
    await expect.poll(async () => (await coverage()).current).toBe(2)
    const metrics = await (await fetch(`${harness.url}/metrics`)).text()
    expect(metrics).toMatch(/^hms_svc_push_propagation_seconds_count(\{.*\})? 1$/m)
    expect(metrics).toMatch(/^hms_svc_push_propagation_seconds_sum(\{.*\})? 3$/m)
  })
})
