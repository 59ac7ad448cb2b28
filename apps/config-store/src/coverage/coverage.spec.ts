import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HeldDocument } from '#libs/evaluation'
import { bucketOf } from '#libs/policy'
import type { HeadPredicate } from '#libs/signing'
import { audienceOf, botsOf, coverageOf, coverageView, runsAwaiting, type BotPresence } from './coverage.js'
import { parseApplied } from '../delivery/stream-endpoint.js'

const POLICY = 'epa-pm25-limit'
const NOW = Date.parse('2026-01-01T00:00:00Z')
const LATER = '2026-01-01T00:05:00Z'

function held(head: Partial<HeadPredicate>, revision = 1): HeldDocument {
  const whole: HeadPredicate = { policy: POLICY, scope: 'global', seq: 1, current: 'v1', issuedAt: LATER, ...head }
  const { scope, seq, current } = whole
  const envelope = { payload: '', payloadType: '', signatures: [] }
  const document = {
    id: POLICY,
    scope,
    seq,
    revision,
    version: current,
    digest: current,
    run: null,
    head: envelope,
    release: null,
    proof: null,
  }
  const value = current === null ? null : { id: POLICY, version: current, effective: LATER }
  return { document, head: whole, value, firstRevision: revision, next: null }
}

function bot(name: string, applied: string | null, region = 'NCR'): BotPresence {
  return { bot: name, region, revision: 1, applied: applied === null ? {} : { [POLICY]: applied }, since: LATER }
}

const canary = held({ scope: 'region:NCR', current: 'v2', base: 'v1', share: 10_000, expires: LATER }, 2)
const numbers = (documents: HeldDocument[], bots: BotPresence[], now = NOW) =>
  coverageOf(POLICY, documents, bots, now).scopes.map(({ scope, expected, acknowledged }) => [scope, expected, acknowledged])

describe('botsOf', () => {
  it('lists the bots whose name has the text, however many bots there are', () => {
    const bots = Array.from({ length: 600 }, (_, n) => bot(`fleet-${n}`, 'v1'))
    const named = (text?: string) => botsOf(POLICY, [held({})], bots, NOW, text)
    expect(named('Fleet-59').bots?.map(({ id }) => id)).toEqual(['fleet-59', ...Array.from({ length: 10 }, (_, n) => `fleet-59${n}`)])
    expect(named('nothing')).toEqual({ bots: [] })
    expect(named().cells).toMatchObject([{ total: 600 }])
  })
})

describe('coverageOf', () => {
  it('counts a bot for the scope that serves it', () => {
    const bots = [bot('a', 'v2'), bot('b', 'v1'), bot('c', 'v1', 'VA'), bot('d', 'v2', 'VA')]
    expect(numbers([held({}), canary], bots)).toEqual([
      ['global', 2, 1],
      ['region:NCR', 2, 1],
    ])
  })

  it('counts a bot in two scopes of one canary for the scope that serves it, and in no control group', () => {
    const everywhere = held({ scope: 'region:*', current: 'v2', base: 'v1', share: 1, expires: LATER }, 3)
    const bots = [bot('a', 'v2'), bot('b', 'v2'), bot('c', 'v1', 'VA'), bot('d', 'v1', 'MD')]
    const { scopes } = coverageOf(POLICY, [held({}), canary, everywhere], bots, NOW)
    expect(scopes.map(({ scope, expected, control }) => [scope, expected, control])).toEqual([
      ['global', 2, undefined],
      ['region:NCR', 2, 0],
      ['region:*', 0, 2],
    ])
  })

  it('counts all bots for the stable head once the lease has expired, or stable has moved', () => {
    const bots = [bot('a', 'v2'), bot('b', 'v1')]
    expect(numbers([held({}), canary], bots, Date.parse(LATER))).toEqual([
      ['global', 2, 1],
      ['region:NCR', 0, 0],
    ])
    expect(numbers([held({ current: 'v2', seq: 2 }), canary], bots)).toEqual([
      ['global', 2, 1],
      ['region:NCR', 0, 0],
    ])
  })

  it('counts no bot outside the canary of a first version', () => {
    const first = held({ scope: 'region:NCR', current: 'v1', base: null, share: 10_000, expires: LATER })
    expect(numbers([first], [bot('a', 'v1'), bot('b', null, 'VA')])).toEqual([['region:NCR', 1, 1]])
  })

  it('reports the join times of silent bots only, newest first', () => {
    const at = (second: number): string => new Date(NOW + second * 1_000).toISOString()
    const since = (name: string, applied: string | null, joinedAt?: string): BotPresence => ({
      ...bot(name, applied),
      ...(joinedAt === undefined ? {} : { joinedAt }),
    })
    const bots = [since('a', 'v1', at(5)), since('b', null, at(1)), since('c', null, at(2)), since('d', null)]
    expect(coverageOf(POLICY, [held({})], bots, NOW).scopes).toMatchObject([{ expected: 4, acknowledged: 1, joined: [at(2), at(1)] }])
    expect(coverageOf(POLICY, [held({})], [since('a', 'v1', at(5)), since('d', null)], NOW).scopes[0]).not.toHaveProperty('joined')
    const many = Array.from({ length: 30 }, (_, n) => since(`m${n}`, null, at(n)))
    expect(coverageOf(POLICY, [held({})], many, NOW).scopes[0]!.joined).toEqual(Array.from({ length: 20 }, (_, n) => at(29 - n)))
  })

  it('counts a withdrawal as acknowledged by bots that report that they apply nothing', () => {
    const silent = { ...bot('c', null), revision: 0 }
    expect(numbers([held({ current: null })], [bot('a', 'v1'), bot('b', null), silent])).toEqual([['global', 3, 1]])
  })

  it('counts bots that hold a release before its effective time, and bots that apply it afterwards', () => {
    const until = (one: HeldDocument, current: string): HeldDocument => ({
      ...one,
      next: { atMs: Date.parse(LATER), held: held({ ...one.head, current }) },
    })
    const holder = { ...bot('a', 'v1'), held: { [POLICY]: ['v2'] } }
    const stable = [until(held({}), 'v2')]
    expect(numbers(stable, [holder, bot('b', 'v1'), bot('c', 'v2')])).toEqual([['global', 3, 1]])
    expect(coverageView(POLICY, stable, [holder, bot('b', 'v1')], NOW).lagging.map(({ id }) => id)).toEqual(['b'])
    expect(numbers(stable, [holder, bot('b', 'v2')], Date.parse(LATER))).toEqual([['global', 2, 1]])
    const tried = [held({}), until({ ...canary, head: { ...canary.head, current: 'v1', expires: '2026-01-01T01:00:00Z' } }, 'v2')]
    expect(numbers(tried, [holder, bot('b', 'v1'), bot('c', 'v1', 'VA')])).toEqual([
      ['global', 1, 1],
      ['region:NCR', 2, 1],
    ])
  })

  it('counts a bot for a held stable release, whether it holds the release by its canary or by the stable head', () => {
    const until = (one: HeldDocument, current: string): HeldDocument => ({
      ...one,
      next: { atMs: Date.parse(LATER), held: held({ ...one.head, current }) },
    })
    const cohort = until({ ...canary, head: { ...canary.head, current: 'v1', expires: '2026-01-01T01:00:00Z' } }, 'v2')
    const holds = (name: string, region?: string) => ({ ...bot(name, 'v1', region), held: { [POLICY]: ['v2'] } })
    const fleet = [holds('a'), bot('b', 'v1'), holds('c', 'VA')]
    expect(numbers([until(held({}), 'v2'), cohort], fleet)).toEqual([
      ['global', 3, 2],
      ['region:NCR', 2, 1],
    ])
    expect(numbers([until(held({}), 'v3'), cohort], fleet)[0]).toEqual(['global', 1, 0])
  })

  it('agrees with coverageView for any reports of bots', () => {
    const applied = fc.option(fc.constantFrom('v1', 'v2', 'v3'))
    const one = fc.record({ name: fc.string({ minLength: 1 }), region: fc.constantFrom('NCR', 'VA', ''), applied })
    const bots = fc.uniqueArray(one, { selector: ({ name }) => name })
    fc.assert(
      fc.property(bots, fc.integer({ min: 1, max: 10_000 }), (some, share) => {
        const documents = [held({}), { ...canary, head: { ...canary.head, share } }]
        const fleet = some.map(({ name, region, applied: digest }) => bot(name, digest, region))
        const { scopes } = coverageOf(POLICY, documents, fleet, NOW)
        const view = coverageView(POLICY, documents, fleet, NOW)
        expect(scopes.reduce((sum, { expected }) => sum + expected, 0)).toBe(view.total)
        expect(scopes.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBe(view.current)
        expect(view.total - view.current).toBe(view.lagging.length)
      }),
    )
  })
})

describe('botsOf', () => {
  const silent = { ...bot('mute', null, 'VA'), revision: 0 }

  it('lists up to 500 bots by id, with their states', () => {
    const many = Array.from({ length: 498 }, (_, n) => bot(`m${n}`, 'v1'))
    const { bots, cells } = botsOf(POLICY, [held({})], [silent, ...many, bot('late', 'v0', '')], NOW)
    expect(cells).toBeUndefined()
    expect(bots).toHaveLength(500)
    expect(bots!.slice(0, 2)).toMatchObject([
      { id: 'late', region: '', digest: 'v0', state: 'stale' },
      { id: 'm0', state: 'current' },
    ])
    expect(bots!.at(-1)).toMatchObject({ id: 'mute', digest: null, state: 'silent' })
  })

  it('counts more bots by region and release, the largest count first', () => {
    const many = Array.from({ length: 499 }, (_, n) => bot(`m${n}`, 'v1'))
    const counted = botsOf(POLICY, [held({})], [silent, ...many, bot('late', 'v0')], NOW)
    expect(counted).toEqual({
      cells: [
        { region: 'NCR', digest: 'v1', version: null, total: 499, current: 499 },
        { region: 'VA', digest: null, version: null, total: 1, current: 0 },
        { region: 'NCR', digest: 'v0', version: null, total: 1, current: 0 },
      ],
    })
    const scattered = Array.from({ length: 700 }, (_, n) => bot(`m${n}`, `v${n}`))
    expect(botsOf(POLICY, [held({})], scattered, NOW).cells).toHaveLength(500)
  })

  it('leaves out bots that do not read the policy', () => {
    expect(botsOf(POLICY, [held({})], [{ ...bot('a', 'v1'), policies: ['other'] }], NOW)).toEqual({ bots: [] })
  })
})

describe('audienceOf', () => {
  it('counts the bots of the scope and those within the share', () => {
    const bots = ['a', 'b', 'c', 'd'].map((name) => bot(name, null)).concat(bot('e', null, 'VA'))
    const buckets = ['a', 'b', 'c', 'd'].map((name) => bucketOf(POLICY, name)).sort((x, y) => x - y)
    const head = { ...canary.head, share: buckets[1]! }
    expect(audienceOf(head, bots)).toEqual({ connected: 4, cohort: 1, smallestBucket: buckets[0] })
    expect(audienceOf(held({}).head, bots)).toMatchObject({ connected: 5, cohort: 5 })
    expect(audienceOf(head, [])).toEqual({ connected: 0, cohort: 0, smallestBucket: null })
  })

  it('computes each bucket as the reader does: by the cohort key, or in an earlier version by the policy id', () => {
    const head = { ...canary.head, cohortKey: 'a-limit', share: 5_000 }
    const names = Array.from({ length: 40 }, (_, index) => `bot-${index}`)
    const below = (key: string): string[] => names.filter((name) => bucketOf(key, name) < 5_000)
    const current = names.map((name) => ({ ...bot(name, below('a-limit').includes(name) ? 'v2' : 'v1'), cohortKey: true as const }))
    const earlier = names.map((name) => bot(name, below(POLICY).includes(name) ? 'v2' : 'v1'))
    for (const [bots, key] of [
      [current, 'a-limit'],
      [earlier, POLICY],
    ] as const) {
      const cohort = below(key).length
      expect(audienceOf(head, bots)).toMatchObject({ connected: 40, cohort })
      expect(numbers([held({}), { ...canary, head }], bots)).toEqual([
        ['global', 40 - cohort, 40 - cohort],
        ['region:NCR', cohort, cohort],
      ])
    }
  })
})

describe('runsAwaiting', () => {
  it('returns the runs of the newest head and of the stable head', () => {
    const late = held({ scope: 'region:NCR', current: 'v2', base: 'v1', share: 1, expires: LATER, run: 5 }, 9)
    expect([...runsAwaiting([held({ run: 6 }, 8), late])]).toEqual([5, 6])
    expect([...runsAwaiting([held({ run: 6 }, 8)])]).toEqual([6])
    expect([...runsAwaiting([])]).toEqual([])
  })
})

const DIGEST = `sha256:${'a'.repeat(64)}`

describe('parseApplied', () => {
  it('accepts a valid frame of a bot and nothing else', () => {
    const frame = { type: 'applied', revision: 3, applied: { [POLICY]: DIGEST } }
    expect(parseApplied(JSON.stringify(frame))).toEqual(frame)
    expect(parseApplied(JSON.stringify({ ...frame, cohortKey: true }))).toEqual({ ...frame, cohortKey: true })
    expect(parseApplied(JSON.stringify({ ...frame, cohortKey: 'a-limit', more: 1 }))).toEqual(frame)
    const keys = ['', 'a', '\0', 'epa-\0', '\ud800-limit', '__proto__', 'Epa-limit', 'x'.repeat(101)].map((key) => ({
      applied: JSON.parse(JSON.stringify({ [key]: DIGEST })) as object,
    }))
    const digests = ['', '\0', `${DIGEST}\0`, 'v1', 1, null].map((digest) => ({ applied: { [POLICY]: digest } }))
    const parts = [{ type: 'x' }, { revision: -1 }, { revision: 1e300 }, { applied: [] }, ...keys, ...digests]
    const wrong = ['', 'null', '[]', '{}', ...parts.map((part) => JSON.stringify({ ...frame, ...part }))]
    expect(wrong.map(parseApplied)).toEqual(wrong.map(() => undefined))
  })
})
