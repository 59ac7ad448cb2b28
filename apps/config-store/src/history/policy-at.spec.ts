import type { PastPolicyView } from '#libs/contracts'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LIVE_HEADS, LIVE_RELEASES } from '../heads/live-history.js'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'
import { policyAt } from './policy-at.js'

const START = Date.parse('2026-01-01T00:00:00Z')
const at = (second: number): string => new Date(START + second * 1_000).toISOString()
/** Latest time used by the property, in seconds. */
const LAST = 12

interface SampleHead {
  storedAt: number
  /** Digest of the release; `null` for none. */
  current: string | null
  next: { release: string; at: number } | null
}

const letters = fc.constantFrom('a', 'b', 'c')
const heads = fc
  .array(
    fc.record({
      storedAt: fc.integer({ min: 0, max: LAST }),
      current: fc.option(letters, { nil: null, freq: 4 }),
      next: fc.option(fc.record({ release: letters, at: fc.integer({ min: 0, max: LAST }) }), { nil: null }),
    }),
    { maxLength: 8 },
  )
  .map((all) => all.toSorted((a, b) => a.storedAt - b.storedAt))

/** Models a reader of that time: it accepts each head as it is stored, and applies the newest head's held release at its time. */
function naive(all: readonly SampleHead[], atSecond: number, known: number): string | null {
  let newest: SampleHead | undefined
  let inForce: string | null = null
  for (let second = 0; second <= atSecond; second++) {
    for (const head of all) if (head.storedAt === second && head.storedAt <= known) [newest, inForce] = [head, head.current]
    if (newest?.next && newest.next.at <= second) inForce = newest.next.release
  }
  return inForce
}

async function stored(all: readonly SampleHead[]): Promise<MemoryDatabase> {
  const database = new MemoryDatabase(new VirtualClock(at(0)))
  const envelope = (predicate: object) => ({
    payload: Buffer.from(JSON.stringify({ predicate })).toString('base64'),
    payloadType: 'test',
    signatures: [],
  })
  await database.transaction(async (tx) => {
    for (const digest of ['a', 'b', 'c']) {
      const release = envelope({ policy: { id: POLICY, version: `${digest}.0.0` } })
      const origin = { author: null, approvedBy: [], soleOfficial: false }
      await tx.documents(LIVE_RELEASES).insert({ digest, policy: POLICY, version: `${digest}.0.0`, release, proof: null, ...origin })
    }
    for (const [index, { storedAt, current, next }] of all.entries()) {
      const head = envelope({ next: next === null ? undefined : { release: next.release, at: at(next.at) } })
      const row = { policy: POLICY, seq: index + 1, revision: index + 1, digest: current, run: null, head, storedAt: at(storedAt) }
      await tx.documents(LIVE_HEADS).insert(row)
    }
  })
  return database
}

describe('what was in force at a time, as known at another', () => {
  it('is what a reader of that time applied, for all pairs of times', async () => {
    await fc.assert(
      fc.asyncProperty(heads, async (all) => {
        const database = await stored(all)
        for (let second = 0; second <= LAST; second++) {
          for (let known = 0; known <= LAST; known++) {
            const found = await database
              .transaction((tx) => policyAt(tx, POLICY, { atMs: START + second * 1_000, knownMs: START + known * 1_000 }))
              .catch(() => null)
            expect([second, known, found?.provenance.digest ?? null]).toEqual([second, known, naive(all, second, known)])
            if (found === null) continue
            // It was in force at that time, and its head was known by then.
            expect(Date.parse(found.since)).toBeLessThanOrEqual(START + second * 1_000)
            if (found.until !== null) expect(Date.parse(found.until)).toBeGreaterThan(START + second * 1_000)
            expect(Date.parse(found.recordedAt)).toBeLessThanOrEqual(START + known * 1_000)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('is found among many heads, with its actual start and end', async () => {
    const renewed = Array.from({ length: 180 }, (_, index): SampleHead => ({ storedAt: 10 + index, current: 'a', next: null }))
    const database = await stored([{ storedAt: 0, current: 'b', next: null }, ...renewed, { storedAt: 500, current: 'c', next: null }])
    const ask = (second: number, known = 1_000): Promise<PastPolicyView> =>
      database.transaction((tx) => policyAt(tx, POLICY, { atMs: START + second * 1_000, knownMs: START + known * 1_000 }))
    const shape = ({ version, since, until, recordedAt }: PastPolicyView): unknown[] => [version, since, until, recordedAt]
    expect(shape(await ask(15))).toEqual(['a.0.0', at(10), at(500), at(10)])
    expect(shape(await ask(400))).toEqual(['a.0.0', at(10), at(500), at(10)])
    expect(shape(await ask(400, 450))).toEqual(['a.0.0', at(10), null, at(10)])
    expect(shape(await ask(5))).toEqual(['b.0.0', at(0), at(10), at(0)])
    expect(shape(await ask(600))).toEqual(['c.0.0', at(500), null, at(500)])
  })
})

describe('GET /v1/policies/{id} of another time', () => {
  let harness: Awaited<ReturnType<typeof startStore>>
  beforeEach(async () => {
    harness = await startStore()
    await harness.stored(await harness.head({ seq: 1, run: 1 }))
    harness.clock.advanceTo(START + 10_000)
    const later = await harness.head({ version: '2.0.0', effective: at(100) })
    const next = { release: digestOfRelease('2.0.0', POLICY, at(100)), at: at(100), run: 2 }
    const holding = await harness.head({ seq: 2, run: 1, next })
    await harness.stored({ ...holding, next: { release: later.release!, proof: null } })
  })
  afterEach(() => harness.stop())

  const read = (query: string): Promise<Response> => fetch(`${harness.url}/v1/policies/${POLICY}?${query}`)
  const view = async (query: string): Promise<PastPolicyView> => (await (await read(query)).json()) as PastPolicyView

  it('returns what was in force, since and until when, who approved it, and the proofs', async () => {
    const found = await view(`at=${at(5)}`)
    expect(found).toMatchObject({ version: '1.0.0', source: 'history', since: at(0), until: at(100), recordedAt: at(0) })
    expect(found).toMatchObject({ value: { limit: 25 }, provenance: { run: 1, approvedBy: ['EPA Chief'] }, record: { seq: 1 } })
    expect(await view(`at=${at(100)}`)).toMatchObject({
      version: '2.0.0',
      since: at(100),
      until: null,
      recordedAt: at(10),
      record: { seq: 2 },
    })
  })

  it('ignores heads that were recorded after `known`', async () => {
    expect(await view(`at=${at(200)}&known=${at(9)}`)).toMatchObject({ version: '1.0.0', until: null })
    expect(await view(`at=${at(200)}&known=${at(10)}`)).toMatchObject({ version: '2.0.0' })
    harness.clock.advanceTo(START + 50_000)
    await harness.stored(await harness.head({ seq: 3, version: '1.0.0', run: 1 }))
    expect(await view(`at=${at(200)}`)).toMatchObject({ version: '1.0.0', since: at(0) })
    expect(await view(`at=${at(200)}&known=${at(49)}`)).toMatchObject({ version: '2.0.0' })
  })

  it('returns the content of a version, regardless of later ones', async () => {
    harness.clock.advanceTo(START + 300_000)
    await harness.stored(await harness.head({ seq: 3, version: '3.0.0', run: 3 }))
    expect(await view('version=1.0.0')).toMatchObject({ version: '1.0.0', since: at(0), until: at(100), provenance: { run: 1 } })
    expect(await view('version=2.0.0')).toMatchObject({ version: '2.0.0', since: at(100), until: at(300), provenance: { run: 2 } })
    const { status, headers } = await read('version=1.0.0')
    const again = await fetch(`${harness.url}/v1/policies/${POLICY}?version=1.0.0`, { headers: { 'if-none-match': headers.get('etag')! } })
    expect([status, again.status]).toEqual([200, 304])
  })

  it.each([
    [`at=${'2025-12-31T23:59:59Z'}`, 404, 'HMS_POLICY_NOT_FOUND'],
    ['version=9.9.9', 404, 'HMS_POLICY_NOT_FOUND'],
    ['at=yesterday', 400, 'HMS_HTTP_QUERY_INVALID'],
    ['at=2026-01-01', 400, 'HMS_HTTP_QUERY_INVALID'],
    ['version=1', 400, 'HMS_HTTP_QUERY_INVALID'],
    [`version=1.0.0&at=${at(5)}`, 400, 'HMS_HTTP_QUERY_INVALID'],
    [`at=${at(5)}&region=NCR`, 400, 'HMS_HTTP_QUERY_INVALID'],
  ])('responds to %s with %d %s', async (query, status, code) => {
    const refused = await read(query)
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([status, code])
  })
})
