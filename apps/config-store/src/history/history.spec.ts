import type { PolicyHistoryEntry } from '#libs/contracts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'

const START = Date.parse('2026-01-01T00:00:00Z')
const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString()

let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
})
afterEach(() => harness.stop())

const read = (query = ''): Promise<Response> => fetch(`${harness.url}/v1/policies/${POLICY}/history${query}`)
const entries = async (query = ''): Promise<PolicyHistoryEntry[]> => (await (await read(query)).json()) as PolicyHistoryEntry[]
const wait = (seconds: number): void => harness.clock.advanceTo(START + seconds * 1_000)

describe('the history of a policy', () => {
  it('lists what was in force when, who approved it and what changed, newest first', async () => {
    await harness.stored(await harness.head({ seq: 1, run: 1 }))
    wait(10)
    await harness.stored(await harness.head({ seq: 2, version: '2.0.0', run: 2 }))
    wait(30)
    await harness.stored(await harness.head({ seq: 3, version: '1.0.0', run: 1 }))
    wait(60)
    await harness.stored(await harness.head({ seq: 4, version: null }))
    const found = await entries()
    expect(found.map(({ version, run, from, until }) => ({ version, run, from, until }))).toEqual([
      { version: null, run: null, from: at(60), until: null },
      { version: '1.0.0', run: 1, from: at(30), until: at(60) },
      { version: '2.0.0', run: 2, from: at(10), until: at(30) },
      { version: '1.0.0', run: 1, from: at(0), until: at(10) },
    ])
    expect(found[3]).toMatchObject({ digest: digestOfRelease('1.0.0'), author: 'Air Office', approvedBy: ['EPA Chief'], revision: 1 })
    expect(found[3]!.differences.map(({ field }) => field)).toEqual(['effective', 'limit', 'tags'])
    expect(found[2]!.differences).toEqual([])
  })

  it('begins the period of a held release at its effective time, without another head', async () => {
    await harness.stored(await harness.head({ seq: 1 }))
    const later = await harness.head({ version: '2.0.0', effective: at(100) })
    const holding = await harness.head({
      seq: 2,
      run: 1,
      next: { release: digestOfRelease('2.0.0', POLICY, at(100)), at: at(100), run: 2 },
    })
    wait(10)
    const receipt = await harness.stored({ ...holding, next: { release: later.release!, proof: null } })
    expect(receipt).toMatchObject({ applied: true })
    const found = await entries()
    expect(found.map(({ version, run, seq, from, until }) => ({ version, run, seq, from, until }))).toEqual([
      { version: '2.0.0', run: 2, seq: 2, from: at(100), until: null },
      { version: '1.0.0', run: null, seq: 1, from: at(0), until: at(100) },
    ])
  })

  it('omits a release that was replaced before its effective time', async () => {
    await harness.stored(await harness.head({ seq: 1 }))
    const later = await harness.head({ version: '2.0.0', effective: at(100) })
    const holding = await harness.head({ seq: 2, next: { release: digestOfRelease('2.0.0', POLICY, at(100)), at: at(100) } })
    const receipt = await harness.stored({ ...holding, next: { release: later.release!, proof: null } })
    expect(receipt).toMatchObject({ applied: true })
    wait(50)
    await harness.stored(await harness.head({ seq: 3, version: '3.0.0' }))
    expect((await entries()).map(({ version }) => version)).toEqual(['3.0.0', '1.0.0'])
  })

  it('finds where a period began before heads of the same release, at any page size', async () => {
    await harness.stored(await harness.head({ seq: 1 }))
    wait(1)
    await harness.stored(await harness.head({ seq: 2, version: '2.0.0' }))
    for (let seq = 3; seq <= 9; seq++) await harness.stored(await harness.head({ seq, version: '2.0.0' }))
    wait(9)
    await harness.stored(await harness.head({ seq: 10, version: '3.0.0' }))
    expect(await entries('?limit=1&before=10')).toMatchObject([{ version: '2.0.0', seq: 2, from: at(1), until: at(9) }])
    expect(await entries('?limit=1&before=2')).toMatchObject([{ version: '1.0.0', seq: 1, until: at(1) }])
  })

  it('is the same in pages as in one response', async () => {
    for (let seq = 1; seq <= 7; seq++) {
      wait(seq)
      await harness.stored(await harness.head({ seq, version: `${seq}.0.0` }))
    }
    const whole = await entries()
    const pages: PolicyHistoryEntry[] = []
    for (let page = await entries('?limit=3'); page.length > 0; page = await entries(`?limit=3&before=${pages.at(-1)!.seq}`))
      pages.push(...page)
    expect(pages).toEqual(whole)
    expect(whole).toHaveLength(7)
  })

  it('includes the proofs of each entry on request', async () => {
    await harness.stored(await harness.head({ seq: 1, run: 1 }))
    const later = await harness.head({ version: '2.0.0', effective: at(100) })
    const holding = await harness.head({ seq: 2, next: { release: digestOfRelease('2.0.0', POLICY, at(100)), at: at(100) } })
    await harness.stored({ ...holding, next: { release: later.release!, proof: null } })
    wait(300)
    const gone = await harness.head({ seq: 3, version: null })
    await harness.stored(gone)
    const found = await entries('?signed=true')
    expect(found.map(({ seq, record }) => [seq, record?.seq])).toEqual([
      [3, 3],
      [2, 2],
      [1, 1],
    ])
    expect(found[1]!.record).toMatchObject({ id: POLICY, head: holding.head, next: { release: later.release } })
    expect(found[0]!.record).toMatchObject({ head: gone.head, release: null })
    expect((await entries())[0]!.record).toBeUndefined()
    expect((await read('?signed=yes')).status).toBe(400)
  })

  it('is a 404 for a policy that was never in force, and contains no canary', async () => {
    expect((await read()).status).toBe(404)
    await harness.stored(await harness.head({ seq: 1, scope: 'region:NCR', share: 500, base: null, expires: at(600) }))
    expect((await read()).status).toBe(404)
    expect((await read('?limit=0')).status).toBe(400)
  })
})
