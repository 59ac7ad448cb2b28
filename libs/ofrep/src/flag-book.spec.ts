import { describe, expect, it } from 'vitest'
import type { OfrepFlag } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { FlagBook } from './flag-book.js'
import { ANYONE, heldDocument, FakeHeldPolicies, IN_NCR, NOW } from './testing/held.js'

const PM25 = 'epa-pm25-limit'
const stable = heldDocument(PM25, { version: '1.5.0', revision: 3, fields: { limit: 35 } })
const canaryOf = (more: object = {}) =>
  heldDocument(PM25, {
    version: '2.0.0',
    scope: 'region:NCR',
    revision: 8,
    firstRevision: 5,
    fields: { limit: 25 },
    canary: { base: stable.head.current, expires: '2026-01-01T00:02:00Z', ...more },
  })
const flagOf = (copy: FakeHeldPolicies, key: string, reader: Reader = ANYONE): OfrepFlag | undefined => {
  const found = new FlagBook(copy).flag(key, reader)
  return found === undefined ? undefined : (JSON.parse(found.json) as OfrepFlag)
}
const all = (book: FlagBook, reader: Reader = ANYONE): OfrepFlag[] => JSON.parse(`[${book.flags(reader).json}]`) as OfrepFlag[]

describe('a flag', () => {
  const fields = { limit: 35, strict: true, units: 'ug_per_m3', tags: ['air', 'epa'], bands: { good: 12 }, note: null, '__proto__.x': 1 }
  const copy = new FakeHeldPolicies().set(heldDocument(PM25, { version: '1.5.0', revision: 3, fields }))
  const metadata = {
    policyVersion: '1.5.0',
    revision: 3,
    digest: `sha256:${PM25}@1.5.0`,
    scope: 'global',
    effective: '2024-09-01T00:00:00Z',
    runId: 7,
  }

  it('with a policy id as key is the whole policy with its metadata', () => {
    const value = { id: PM25, version: '1.5.0', effective: '2024-09-01T00:00:00Z', ...fields }
    expect(flagOf(copy, PM25)).toEqual({ key: PM25, value, reason: 'STATIC', variant: '1.5.0', metadata })
  })

  it.each([
    ['limit', 35],
    ['strict', true],
    ['units', 'ug_per_m3'],
    ['bands', { good: 12 }],
    ['version', '1.5.0'],
    ['tags', { items: ['air', 'epa'] }],
    ['__proto__.x', 1],
  ])('with the field %s in its key has the type of the field; a list is wrapped in an object', (field, value) => {
    expect(flagOf(copy, `${PM25}.${field}`)).toEqual({ key: `${PM25}.${field}`, value, reason: 'STATIC', variant: '1.5.0', metadata })
  })

  it.each(['', '.', '.limit', `${PM25}.`, `${PM25}.note`, `${PM25}.none`, `${PM25}.constructor`, `${PM25}.__proto__`, 'ozone-limit'])(
    'does not exist for the key %j',
    (key) => expect(flagOf(copy, key)).toBeUndefined(),
  )

  it('has no null in its metadata, and includes the state of the copy', () => {
    const local = new FakeHeldPolicies().set(heldDocument(PM25, { run: null }))
    local.staleness = 'STALE'
    const flagMetadata = flagOf(local, PM25)!.metadata
    expect([Object.values(flagMetadata).includes(null as never), 'runId' in flagMetadata, flagMetadata.state]).toEqual([
      false,
      false,
      'STALE',
    ])
  })
})

describe('a number by its schema', () => {
  const fields = { limit: 25, low: -0, share: 0.5, big: 1e21, count: 3, bands: { good: 12, days: 7 }, list: [1, 2.5], schema: 'air' }
  const copy = new FakeHeldPolicies().set(heldDocument(PM25, { fields }))
  const numbers = ['limit', 'low', 'share', 'big', 'bands good', 'list 0', 'list 1', 'version']
  const typed = Object.assign(copy, { numbersOf: () => (path: readonly string[]) => numbers.includes(path.join(' ')) })
  const text = (field: string): string => /"value":(.*),"reason"/.exec(new FlagBook(typed).flag(`${PM25}.${field}`, ANYONE)!.json)![1]!

  it('is written with a fraction where it is whole, in fields, objects and lists', () => {
    expect(['limit', 'low', 'share', 'big', 'count', 'bands', 'list', 'version'].map(text)).toEqual([
      '25.0',
      '0.0',
      '0.5',
      '1e+21',
      '3',
      '{"good":12.0,"days":7}',
      '{"items":[1.0,2.5]}',
      '"1.0.0"',
    ])
  })

  it('is written alike in the whole policy and in the list of all flags, and is the same value', () => {
    const book = new FlagBook(typed)
    expect(book.flag(PM25, ANYONE)!.json).toContain('"limit":25.0,')
    expect(book.flags(ANYONE).json).toContain(book.flag(`${PM25}.limit`, ANYONE)!.json)
    expect(all(book).map(({ value }) => value)).toEqual(
      all(new FlagBook(new FakeHeldPolicies().set(heldDocument(PM25, { fields })))).map(({ value }) => value),
    )
  })

  it('has another ETag than before its schema was known', () => {
    let isKnown = false
    const late = Object.assign(new FakeHeldPolicies().set(heldDocument(PM25, { fields })), {
      numbersOf: () => (isKnown ? (path: readonly string[]) => path[0] === 'limit' : undefined),
    })
    const book = new FlagBook(late)
    const before = book.flag(`${PM25}.limit`, ANYONE)!
    isKnown = true
    book.rewrite()
    const after = book.flag(`${PM25}.limit`, ANYONE)!
    expect([before.json.includes('"value":25,'), after.json.includes('"value":25.0,'), before.digest === after.digest]).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('the reason of a flag', () => {
  const copy = new FakeHeldPolicies().set(stable, canaryOf())
  const said = (reader: Reader): [string, unknown, string] => {
    const { reason, value, metadata } = flagOf(copy, `${PM25}.limit`, reader)!
    return [reason, value, metadata.scope]
  }

  it('is SPLIT for readers in a running canary, and TARGETING_MATCH for readers outside it', () => {
    expect(said(IN_NCR)).toEqual(['SPLIT', 25, 'region:NCR'])
    expect(said(ANYONE)).toEqual(['TARGETING_MATCH', 35, 'global'])
    expect(said({ bot: 'bot-1', region: 'VA' })).toEqual(['TARGETING_MATCH', 35, 'global'])
  })

  it('is STATIC without a canary, after its lease expired, and when its base is no longer stable', () => {
    expect(flagOf(new FakeHeldPolicies().set(stable), PM25, IN_NCR)!.reason).toBe('STATIC')
    for (const over of [{ expires: '2026-01-01T00:00:00Z' }, { base: 'sha256:other' }])
      expect(flagOf(new FakeHeldPolicies().set(stable, canaryOf(over)), PM25, IN_NCR)).toMatchObject({ reason: 'STATIC', variant: '1.5.0' })
  })

  it('follows the share by the bucket of the targeting key, as for bots', () => {
    // Buckets of these names for this policy: 439 and 4753 of 10,000.
    const few = new FakeHeldPolicies().set(stable, canaryOf({ share: 500 }))
    const reasons = ['bot-0007', 'bot-0001'].map((bot) => flagOf(few, PM25, { bot, region: 'NCR' })!.reason)
    expect(reasons).toEqual(['SPLIT', 'TARGETING_MATCH'])
  })
})

describe('the list of all flags', () => {
  it('has each policy followed by its fields, sorted by policy and without null fields', () => {
    const copy = new FakeHeldPolicies().set(heldDocument('b-limit')).set(heldDocument('a-limit', { fields: { note: null } }))
    const own = (id: string): string[] => [id, `${id}.id`, `${id}.version`, `${id}.effective`]
    expect(all(new FlagBook(copy)).map(({ key }) => key)).toEqual([...own('a-limit'), ...own('b-limit'), 'b-limit.limit'])
  })

  it('has a digest that changes with value, reason, variant or metadata alone', () => {
    const digest = (copy: FakeHeldPolicies, reader = ANYONE): string => new FlagBook(copy).flags(reader).digest
    const one = digest(new FakeHeldPolicies().set(stable))
    expect(
      digest(new FakeHeldPolicies().set(heldDocument(PM25, { version: '1.5.0', revision: 9, firstRevision: 3, fields: { limit: 35 } }))),
    ).toBe(one)
    const others = [
      new FakeHeldPolicies().set(heldDocument(PM25, { version: '1.5.0', revision: 3, fields: { limit: 34 } })),
      new FakeHeldPolicies().set(heldDocument(PM25, { version: '1.5.1', revision: 3, fields: { limit: 35 } })),
      new FakeHeldPolicies().set(heldDocument(PM25, { version: '1.5.0', revision: 4, fields: { limit: 35 } })),
      new FakeHeldPolicies().set(stable, canaryOf()),
    ]
    expect(new Set([one, ...others.map((copy) => digest(copy))]).size).toBe(5)
    expect(digest(others[3]!, IN_NCR)).not.toBe(digest(others[3]!))
  })

  it('changes at the effective time of a scheduled release, without a new document', () => {
    const copy = new FakeHeldPolicies().set(heldDocument(PM25, { version: '1.5.0', next: { at: NOW + 1_000, version: '2.0.0' } }))
    const book = new FlagBook(copy)
    const versions = [NOW, NOW + 999, NOW + 1_000].map((now) => ((copy.now = now), all(book)[0]!.variant))
    expect(versions).toEqual(['1.5.0', '1.5.0', '2.0.0'])
  })

  it('returns the earlier release again when a clock correction puts the effective time into the future', () => {
    const copy = new FakeHeldPolicies().set(heldDocument(PM25, { version: '1.5.0', next: { at: NOW + 1_000, version: '2.0.0' } }))
    const book = new FlagBook(copy)
    const versions = [NOW + 1_000, NOW].map((now) => ((copy.now = now), all(book)[0]!.variant))
    expect(versions).toEqual(['2.0.0', '1.5.0'])
  })

  it('evaluates on each read only policies that differ by reader or time', () => {
    const copy = new FakeHeldPolicies().set(stable, canaryOf())
    for (let index = 0; index < 100; index++) copy.set(heldDocument(`limit-${index}`))
    const book = new FlagBook(copy)
    book.flags(IN_NCR)
    copy.documentReads = 0
    expect(all(book, IN_NCR).length).toBe(101 * 5)
    expect(copy.documentReads).toBe(1)
  })

  it('is evaluated again after the copy received documents', () => {
    const copy = new FakeHeldPolicies().set(stable)
    const book = new FlagBook(copy)
    expect(all(book, IN_NCR)[0]!.variant).toBe('1.5.0')
    copy.set(stable, canaryOf())
    book.invalidate()
    expect(all(book, IN_NCR)[0]!.variant).toBe('2.0.0')
  })
})
