import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiClient, readSnapshot } from '#libs/client'
import type { LiveRecord, StreamFrame } from '#libs/contracts'
import { startStore } from '../testing/store-harness.suite.js'

const MIB = 1024 * 1024
/** Policies of some 310 KB each on the wire, 43 MB together. */
const POLICIES = Array.from({ length: 140 }, (_, index) => `policy-${String(index).padStart(3, '0')}`)
let harness: Awaited<ReturnType<typeof startStore>>
let client: ApiClient

describe('a store of more than 40 MB', () => {
  beforeAll(async () => {
    harness = await startStore()
    client = new ApiClient({ url: harness.url })
    for (const policy of POLICIES) {
      await harness.stored(await harness.head({ policy, tags: ['x'.repeat(230_000)] }))
      harness.clock.advanceTo(harness.clock.now().getTime() + 1)
    }
  })
  afterAll(() => harness.stop())

  it('is read completely in pages of some megabytes', async () => {
    const sizes: number[] = []
    const ids: string[] = []
    for (let after: string | undefined = ''; after !== undefined;) {
      const body = await (await fetch(`${harness.url}/v1/snapshot?after=${encodeURIComponent(after)}`)).arrayBuffer()
      const page = JSON.parse(Buffer.from(body).toString()) as StreamFrame
      sizes.push(body.byteLength)
      ids.push(...page.documents.map(({ id }) => id))
      expect(page).toMatchObject({ type: 'snapshot', revision: POLICIES.length })
      expect(page.changes.map(({ id }) => id)).toEqual(page.documents.map(({ id }) => id))
      after = page.next
    }
    expect(ids).toEqual(POLICIES)
    expect(Math.max(...sizes)).toBeLessThan(5 * MIB)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(40 * MIB)
    expect((await readSnapshot(client)).map(({ id }) => id)).toEqual(POLICIES)
  })

  it('is too large for a client in one response', async () => {
    await expect(client.get('/v1/snapshot')).rejects.toMatchObject({ code: 'HMS_HTTP_ANSWER_OVERSIZED' })
  })

  it('has a history that is read page by page too', async () => {
    const seen: string[] = []
    for (let after: string | undefined; ;) {
      const records: LiveRecord[] = await client.get('/v1/history', { after, limit: 100 })
      if (records.length === 0) break
      seen.push(...records.map(({ policy }) => policy))
      after = records.at(-1)!.storedAt
    }
    expect(seen).toEqual(POLICIES)
  })

  it('returns 304 for the ETag of a page, and refuses `after` with other filters or with an invalid place', async () => {
    const address = `${harness.url}/v1/snapshot?after=policy-120@global`
    const first = await fetch(address)
    const mark = first.headers.get('etag')!
    expect(first.status).toBe(200)
    expect((await fetch(address, { headers: { 'if-none-match': mark } })).status).toBe(304)
    expect((await fetch(`${harness.url}/v1/snapshot?after=policy-121@global`, { headers: { 'if-none-match': mark } })).status).toBe(200)
    for (const query of ['after=&revision=3', 'after=&policies=policy-001', 'after=Nonsense', 'after=policy-120'])
      expect((await fetch(`${harness.url}/v1/snapshot?${query}`)).status, query).toBe(400)
  })
})

describe('a small store', () => {
  it('is one page, and a snapshot without pages is unchanged', async () => {
    const small = await startStore()
    try {
      const api = new ApiClient({ url: small.url })
      expect(await readSnapshot(api)).toEqual([])
      await small.stored(await small.head({ policy: 'policy-001' }), await small.head({ policy: 'policy-002' }))
      const whole = await api.get('/v1/snapshot')
      expect(Object.keys(whole).sort()).toEqual(['changes', 'documents', 'revision', 'type'])
      expect(await readSnapshot(api)).toEqual(whole.documents)
      expect(await api.get('/v1/snapshot', { after: 'policy-002@global' })).toEqual({
        type: 'snapshot',
        revision: 1,
        changes: [],
        documents: [],
      })
    } finally {
      await small.stop()
    }
  })
})
