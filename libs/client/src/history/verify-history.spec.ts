import { describe, expect, it } from 'vitest'
import type { ConfigDocument, Envelope, PolicyHistoryEntry } from '#libs/contracts'
import { digestOfJson, PREDICATE_TYPES, readRoster, statement } from '#libs/signing'
import { sampleDocument } from '../testing/sample-document.js'
import { REPLACED_KEY_ROSTER_BYTES, SAMPLE_ROSTER, signedBy } from '../testing/sample-trust.js'
import { verifyHistory, type JudgedEntry } from './verify-history.js'

const ID = 'epa-pm25-limit'
const ROSTER = readRoster(SAMPLE_ROSTER)
const day = (number: number): string => `2024-10-${String(number).padStart(2, '0')}T00:00:00Z`
const policy = (version: string, limit: number, more = {}) => ({ id: ID, version, limit, ...more })

const head = (seq: number, version: string, limit: number, more = {}): ConfigDocument =>
  sampleDocument({ policy: policy(version, limit), seq, run: seq, issuedAt: day(seq), ...more })
const FIRST = head(1, '1.0.0', 35)
const SECOND = head(2, '2.0.0', 25)
const BACK = head(3, '1.0.0', 35)

/** Returns an entry of a manipulated store, in which only digest, seq, times and record are true. */
const claim = (record: ConfigDocument, more: Partial<PolicyHistoryEntry> = {}): PolicyHistoryEntry => ({
  version: '9.9.9',
  digest: record.digest,
  run: 4711,
  seq: record.seq,
  revision: record.seq,
  author: 'Mallory',
  approvedBy: ['Mallory'],
  cause: 'break-glass',
  by: ['Mallory'],
  reason: 'lies',
  from: day(record.seq),
  until: null,
  recordedAt: day(record.seq),
  differences: [{ field: 'limit', from: 9999, to: 25, text: 'limit 9999 → 25' }],
  record,
  ...more,
})
const judge = (...entries: PolicyHistoryEntry[]): JudgedEntry[] => verifyHistory(ID, entries, [ROSTER])
const texts = ({ entry }: JudgedEntry): string[] => entry.differences.map(({ text }) => text)

function changeOf(seq: number, signer: 'rollout' | 'EPA Chief' = 'rollout'): Envelope {
  const predicate = { cause: 'rollback', by: ['Air Office'], reason: 'tree frogs', statements: [], heads: [{ policy: ID, seq }] }
  const digest = { sha256: digestOfJson(predicate).slice('sha256:'.length) }
  return signedBy(statement(PREDICATE_TYPES.change, [{ name: `rollback of ${ID}`, digest }], predicate), signer)
}

function altered(record: ConfigDocument): ConfigDocument {
  const text = Buffer.from(record.release!.payload, 'base64').toString().replace('"limit":25', '"limit":9999')
  return { ...record, release: { ...record.release!, payload: Buffer.from(text).toString('base64') } }
}

describe('the verified history of a policy', () => {
  it('has the signed values, not those that the store claims', () => {
    const [back, second, first] = judge(claim(BACK), claim(SECOND), claim(FIRST))
    expect([back, second, first].map((each) => each?.refusal)).toEqual([undefined, undefined, undefined])
    expect(second!.entry).toMatchObject({ version: '2.0.0', run: 2, author: null, approvedBy: ['EPA Chief'], cause: 'run', reason: null })
    expect(second!.entry.by).toEqual(['EPA Chief'])
    expect(second!.entry.record).toBeUndefined()
    expect(texts(second!)).toContain('limit 35 → 25')
    expect(back!.entry).toMatchObject({ version: '1.0.0', cause: 'rollback', by: [] })
    expect(texts(back!)).toContain('limit 25 → 35')
    expect(JSON.stringify([back, second, first])).not.toMatch(/Mallory|9999|4711|lies/)
  })

  it('has a withdrawal for a head without a release, and a first version after it', () => {
    const gone = sampleDocument({ policy: null, seq: 2, issuedAt: day(2) })
    const [again, withdrawal] = judge(claim(head(3, '1.0.0', 35)), claim(gone), claim(FIRST))
    expect(withdrawal!.entry).toMatchObject({ version: null, digest: null, cause: 'withdrawal', differences: [] })
    expect(texts(again!)).toContain('limit added 35')
  })

  it('has a scheduled release from its effective time on', () => {
    const later = sampleDocument({ policy: policy('2.0.0', 25, { effective: day(9) }) })
    const next = { release: later.digest!, at: day(9), run: 7 }
    const holding = { ...head(2, '1.0.0', 35, { next }), next: { release: later.release!, proof: null } }
    const entry = (from: string) => claim(holding, { digest: later.digest, from })
    expect(judge(entry(day(9)), claim(FIRST))[0]).toMatchObject({ entry: { version: '2.0.0', run: 7 } })
    expect(judge(entry(day(2)), claim(FIRST))[0]!.refusal?.detail).toContain(`is in force from ${day(9)}`)
  })

  it('has the reason that rollout signed for this head, and refuses any other', () => {
    const [back] = judge(claim(BACK, { change: changeOf(3) }), claim(SECOND))
    expect(back!.entry).toMatchObject({ cause: 'rollback', by: ['Air Office'], reason: 'tree frogs' })
    for (const change of [changeOf(2), changeOf(3, 'EPA Chief')])
      expect(judge(claim(BACK, { change }))[0]!.refusal?.detail).toContain('did not sign why')
  })

  it.each<[string, PolicyHistoryEntry, string]>([
    ['a changed value', claim(altered(SECOND)), ''],
    ['an unapproved release', claim(head(2, '2.0.0', 25, { approvedBy: [] })), ''],
    ['a head that rollout did not sign', claim(head(2, '2.0.0', 25, { headSignedBy: 'canary-controller' })), 'only rollout'],
    ['another release than its head names', claim(SECOND, { digest: FIRST.digest }), 'names another release'],
    ['no release, where its head names one', claim(SECOND, { digest: null }), 'names another release'],
    ['another number', claim(SECOND, { seq: 5 }), 'the returned head is 2'],
    ['another policy', claim(sampleDocument({ policy: { id: 'ozone-limit', version: '1.0.0' }, seq: 2 })), 'ozone-limit'],
    ['no proof', claim(SECOND, { record: undefined }), 'has no head'],
    ['nothing as proof', claim(SECOND, { record: {} as ConfigDocument }), ''],
    ['a time before its head', claim(SECOND, { from: day(1) }), 'was issued at'],
    ['a record before its head', claim(SECOND, { recordedAt: day(1) }), 'was issued at'],
  ])('refuses an entry with %s', (_what, entry, detail) => {
    const [above, judged, below] = judge(claim(head(6, '3.0.0', 20)), entry, claim(FIRST))
    expect(judged!.refusal).toMatchObject({ code: 'HMS_VERIFY_HISTORY', status: 502, detail: expect.stringContaining(detail) })
    expect(above).toMatchObject({ isChangeUnknown: true, entry: { version: '3.0.0', differences: [] } })
    expect(below!.refusal).toBeUndefined()
  })

  it('refuses entries out of order and repeated entries', () => {
    expect(judge(claim(FIRST), claim(SECOND))[1]!.refusal?.detail).toContain('after head 1')
    expect(judge(claim(SECOND), claim(SECOND))[1]!.refusal).toBeDefined()
  })

  it('accepts entries signed under an earlier roster', () => {
    const newest = readRoster(JSON.parse(REPLACED_KEY_ROSTER_BYTES.toString()) as Envelope)
    expect(verifyHistory(ID, [claim(FIRST)], [newest, ROSTER])[0]!.refusal).toBeUndefined()
  })
})
