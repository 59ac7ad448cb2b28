import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketOf } from '#libs/policy'
import { sampleDocument, type SampleHead } from '../testing/sample-document.js'
import { readRoster } from '#libs/signing'
import { SAMPLE_ROSTER } from '../testing/sample-trust.js'
import { DocumentTrust } from '../trust/document-trust.js'
import { ReaderTime } from '../trust/reader-time.js'
import { ManualClock } from '../testing/manual-clock.js'
import { evaluate, decodeDocument, type Reader } from '#libs/evaluation'
import { HeldDocuments, type RefusedDocument } from './held-documents.js'

const NOW = Date.parse('2024-09-01T12:00:00Z')
const ID = 'epa-pm25-limit'
const stable = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 3 })
const bot = 'inspector-7'
const reader: Reader = { bot, region: 'NCR' }

function canary(head: Partial<SampleHead> = {}) {
  return sampleDocument({
    policy: { id: ID, version: '2.0.0', limit: 25 },
    scope: 'region:NCR',
    seq: 4,
    share: 10_000,
    base: stable.digest,
    expires: '2024-09-01T12:05:00Z',
    ...head,
  })
}

function limitFor(documents: ReturnType<typeof canary>[], who: Reader = reader, now = NOW): unknown {
  return evaluate(documents.map(decodeDocument), who, now)?.held.value['limit'] ?? null
}

describe('evaluate', () => {
  it('returns the stable release without a canary, and null without either', () => {
    expect(limitFor([stable])).toBe(35)
    expect(limitFor([])).toBeNull()
  })

  it('returns the canary to a named bot in its scope and share', () => {
    expect(limitFor([stable, canary()])).toBe(25)
    expect(limitFor([stable, canary()], { bot, region: 'VA' })).toBe(35)
    expect(limitFor([stable, canary()], { region: 'NCR' })).toBe(35)
    const bucket = bucketOf(ID, bot)
    expect(limitFor([stable, canary({ share: bucket })])).toBe(35)
    expect(limitFor([stable, canary({ share: bucket + 1 })])).toBe(25)
  })

  it('includes the salt in the bucket', () => {
    const salted = bucketOf(ID, bot, 'other')
    expect(limitFor([stable, canary({ salt: 'other', share: salted })])).toBe(35)
    expect(limitFor([stable, canary({ salt: 'other', share: salted + 1 })])).toBe(25)
  })

  it('hashes the cohort key instead of the policy id, except for readers of an earlier version', () => {
    const [own, ofBundle] = [bucketOf(ID, bot), bucketOf('a-limit', bot)]
    const between = canary({ cohortKey: 'a-limit', share: Math.min(own, ofBundle) + 1 })
    expect(limitFor([stable, between])).toBe(ofBundle < own ? 25 : 35)
    expect(limitFor([stable, between], { ...reader, beforeCohortKey: true })).toBe(own < ofBundle ? 25 : 35)
  })

  it('ignores a canary that expired, ended, or has another base than the stable release', () => {
    expect(limitFor([stable, canary()], reader, NOW + 5 * 60_000)).toBe(35)
    expect(limitFor([stable, canary({ expires: 'soon' })])).toBe(35)
    const ended = { policy: { id: ID, version: '1.5.0', limit: 35 } }
    expect(evaluate([stable, canary(ended)].map(decodeDocument), reader, NOW)?.held.head.scope).toBe('global')
    expect(limitFor([stable, canary({ base: null })])).toBe(35)
    expect(limitFor([sampleDocument({ policy: { id: ID, version: '1.6.0', limit: 34 } }), canary()])).toBe(34)
  })

  it('ignores a canary whose base was replaced and then reinstated, in either order of documents', () => {
    const since = (sinceSeq: number) => sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 9, sinceSeq })
    expect(limitFor([since(3), canary({ baseSeq: 3 })])).toBe(25)
    expect(limitFor([since(3), canary({ baseSeq: 5 })])).toBe(25)
    expect(limitFor([canary({ baseSeq: 3 }), since(9)])).toBe(35)
    // Heads of earlier versions lack `sinceSeq` or `baseSeq`.
    expect(limitFor([since(9), canary()])).toBe(25)
    expect(limitFor([stable, canary({ baseSeq: 3 })])).toBe(25)
  })

  it('compares the base of a canary with the first head that scheduled the release', () => {
    const at = '2024-09-01T11:00:00Z'
    const held = (sinceSeq: number) =>
      sampleDocument({
        policy: { id: ID, version: '1.4.0', limit: 36 },
        seq: 9,
        sinceSeq: 1,
        next: { release: stable.digest!, at, sinceSeq },
      })
    const turned = (sinceSeq: number) => ({ ...held(sinceSeq), next: { release: stable.release!, proof: null } })
    expect(limitFor([turned(7), canary({ baseSeq: 7 })])).toBe(25)
    expect(limitFor([turned(8), canary({ baseSeq: 7 })])).toBe(35)
  })

  it('returns the canary of a first version without a stable release, until a head without a release', () => {
    expect(limitFor([canary({ base: null })])).toBe(25)
    expect(limitFor([canary({ base: null, policy: null })])).toBeNull()
  })

  it('returns the expiry of the canary’s lease', () => {
    expect(evaluate([stable, canary()].map(decodeDocument), reader, NOW)?.until).toBe(Date.parse('2024-09-01T12:05:00Z'))
    expect(evaluate([decodeDocument(stable)], reader, NOW)?.until).toBeNull()
  })

  it('freezes values deeply', () => {
    const { value } = decodeDocument(sampleDocument({ policy: { id: ID, version: '1.0.0', bands: [{ upTo: 12 }] } }))
    const bands = value?.['bands'] as object[] | undefined
    expect(() => Object.assign(bands?.[0] ?? {}, { upTo: 13 })).toThrow(TypeError)
  })
})

describe('HeldDocuments', () => {
  const history = [
    sampleDocument({ policy: { id: ID, version: '1.0.0', limit: 40 }, seq: 1 }),
    stable,
    canary({ seq: 4 }),
    canary({ seq: 5, share: 0 }),
    sampleDocument({ policy: null, seq: 6 }),
    sampleDocument({ policy: { id: ID, version: '3.0.0', limit: 20 }, seq: 7 }),
    sampleDocument({ policy: { id: 'ozone', version: '1.0.0', limit: 70 }, seq: 2 }),
  ]

  it('has the same values in force for any order and repetition of documents', () => {
    const inOrder = new HeldDocuments(trust())
    expect(inOrder.apply(history, NOW)).toEqual([])
    const all = fc.shuffledSubarray(history, { minLength: history.length })
    fc.assert(
      fc.property(all, fc.subarray(history), fc.nat(history.length), (order, again, cut) => {
        const held = new HeldDocuments(trust())
        held.apply(order.slice(0, cut), NOW)
        held.apply([...again, ...order.slice(cut)], NOW)
        held.apply(again, NOW)
        expect(inForce(held)).toEqual(inForce(inOrder))
      }),
      { numRuns: 30 },
    )
  })

  it('does not reinstate a policy after a withdrawal with a higher seq', () => {
    const held = new HeldDocuments(trust())
    expect(codes(held.apply([sampleDocument({ policy: null, seq: 6 }), stable], NOW))).toEqual(['HMS_HEAD_REPLAYED'])
    expect(held.inForce(reader, NOW).size).toBe(0)
  })

  it('keeps a document when its replacement is refused, or a snapshot omits it', () => {
    const held = new HeldDocuments(trust())
    const damaged = { ...stable, seq: 9, release: history[5]?.release ?? null }
    held.apply([stable], NOW)
    expect(codes(held.apply([damaged], NOW))).toEqual(['HMS_HEAD_RELEASE_OTHER'])
    held.apply([], NOW)
    expect(held.all()).toEqual([stable])
  })

  it('holds a policy until its effective time', () => {
    const clock = new ManualClock(NOW)
    const held = new HeldDocuments(trust(clock))
    const later = sampleDocument({ policy: { id: ID, version: '4.0.0', limit: 1, effective: '2024-09-02T00:00:00Z' }, seq: 8 })
    held.apply([stable], NOW)
    expect(codes(held.apply([later], NOW))).toEqual(['HMS_RELEASE_NOT_EFFECTIVE'])
    expect(held.all()).toEqual([stable, later])
    expect(held.notYetEffective(NOW)).toEqual({ [ID]: [later.digest] })
    expect(held.stableHeads()).toEqual([{ policy: ID, seq: 8, current: later.digest }])
    expect(held.nextEffective(NOW)).toBe(Date.parse('2024-09-02T00:00:00Z'))
    clock.advance(24 * 3_600_000)
    held.applyDue(clock.now())
    expect(held.all()).toEqual([later])
    expect(held.nextEffective(clock.now())).toBeNull()
  })
})

function trust(clock = new ManualClock(NOW)): DocumentTrust {
  const roster = readRoster(SAMPLE_ROSTER)
  return new DocumentTrust(() => roster, new ReaderTime(clock))
}

function codes(refused: RefusedDocument[]): string[] {
  return refused.map(({ error }) => error.code)
}

function inForce(held: HeldDocuments): Record<string, string> {
  return Object.fromEntries([...held.inForce(reader, NOW)].map(([id, value]) => [id, value.held.value.version]))
}
