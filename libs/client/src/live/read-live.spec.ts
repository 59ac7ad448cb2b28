import { beforeEach, describe, expect, it } from 'vitest'
import type { ConfigDocument, Envelope, StreamFrame } from '#libs/contracts'
import type { VerifiedLive } from '#libs/policy'
import { readRoster, StableTree, type StableHead } from '#libs/signing'
import { sampleDocument, sampleFreshness } from '../testing/sample-document.js'
import { SAMPLE_ROSTER } from '../testing/sample-trust.js'
import { readLive } from './read-live.js'

const ID = 'epa-pm25-limit'
const NOW = Date.parse('2026-11-29T12:00:00Z')
const at = (ms: number): string => new Date(NOW + ms).toISOString()
const roster = readRoster(SAMPLE_ROSTER)

const policy = (version: string, limit: number) => ({ id: ID, version, limit })
const headOf = ({ id, seq, digest }: ConfigDocument): StableHead => ({ policy: id, seq, current: digest })

/** Returns a frame of an honest config-store with these documents, and a statement and proofs on `heads`. */
function frame(
  documents: ConfigDocument[],
  { heads = documents.map(headOf), freshness = fresh(heads) }: { heads?: StableHead[]; freshness?: Envelope } = {},
): StreamFrame {
  const tree = new StableTree(heads)
  return { type: 'snapshot', revision: 9, changes: [], documents, freshness, standing: { [ID]: tree.proofOf(ID) } }
}
const fresh = (heads: StableHead[], fromMs = -1_000, version = 1): Envelope =>
  sampleFreshness(heads, at(fromMs), at(fromMs + 300_000), version)

let answers: unknown[]
let asked: number
beforeEach(() => {
  answers = []
  asked = 0
})
async function read(...shown: unknown[]): Promise<VerifiedLive> {
  answers = shown
  const snapshot = async (): Promise<unknown> => {
    const answer = answers[Math.min(asked++, answers.length - 1)]
    if (answer instanceof Error) throw answer
    return answer
  }
  const rosters = { kind: 'pinned' as const, newest: roster, follow: async () => {} }
  const clock = { now: () => NOW, elapsed: () => asked * 1_000, after: () => ({ cancel: () => {} }) }
  return (await readLive([ID], { rosters, snapshot, clock, waitMs: 2_500 })).get(ID)!
}
const why = (live: VerifiedLive): string => (live.kind === 'unverified' ? live.why : `verified ${live.release?.policy.version}`)

const OLD = sampleDocument({ policy: policy('1.5.0', 35), seq: 3 })
const LIVE = sampleDocument({ policy: policy('2.0.0', 25), seq: 4 })

describe('the value in force, verified for a signer', () => {
  it('is the stable release, or null without one', async () => {
    const live = await read(frame([LIVE]))
    expect(live).toMatchObject({ kind: 'verified', release: { policy: { version: '2.0.0', limit: 25 }, digest: LIVE.digest } })
    const others = [{ policy: 'aaa', seq: 1, current: LIVE.digest }]
    expect(await read(frame([], { heads: others }))).toEqual({ kind: 'verified', release: null })
    expect(await read(frame([], { heads: [] }))).toEqual({ kind: 'verified', release: null })
    expect(await read(frame([sampleDocument({ policy: null, seq: 5 })]))).toEqual({ kind: 'verified', release: null })
  })

  it('is read again while the statement is behind its heads', async () => {
    const behind = frame([LIVE], { heads: [headOf(OLD)] })
    expect(why(await read(behind, frame([LIVE])))).toBe('verified 2.0.0')
    expect(asked).toBe(2)
  })

  it.each([
    ['an earlier head under the newest statement', frame([OLD], { heads: [headOf(LIVE)] }), 'HMS_FRESHNESS_MIXED'],
    ['nothing, where there is a head', frame([], { heads: [headOf(LIVE)] }), 'HMS_FRESHNESS_MIXED'],
    ['no proofs', { ...frame([LIVE]), standing: undefined }, 'HMS_FRESHNESS_MIXED'],
    ['no statement', { ...frame([LIVE]), freshness: undefined }, 'HMS_FRESHNESS_MISSING'],
    ['the whole state of an hour ago', frame([OLD], { freshness: fresh([headOf(OLD)], -3_600_000) }), 'HMS_FRESHNESS_EXPIRED'],
    ['a statement of tomorrow', frame([LIVE], { freshness: fresh([headOf(LIVE)], 86_400_000) }), 'HMS_FRESHNESS_AHEAD'],
    ['a statement by a roster that is kept back', frame([LIVE], { freshness: fresh([headOf(LIVE)], -1_000, 2) }), 'HMS_ROSTER_VERSION'],
    ['a changed payload', frame([altered(LIVE)], { heads: [headOf(LIVE)] }), 'HMS_'],
    ['an unapproved document', frame([unapproved()]), 'HMS_'],
    [
      'a head by the canary-controller',
      frame([sampleDocument({ policy: policy('2.0.0', 25), seq: 4, headSignedBy: 'canary-controller' })]),
      'HMS_',
    ],
    ['no frame', { type: 'snapshot' }, 'HMS_STREAM_MALFORMED'],
    ['null', null, 'HMS_STREAM_MALFORMED'],
    ['invalid documents', { ...frame([LIVE]), documents: [null, 7] }, 'HMS_'],
    ['nothing at all', new Error('gone'), 'gone'],
  ])('is unverified when the store shows %s', async (_what, shown, code) => {
    const live = await read(shown)
    expect(live.kind, why(live)).toBe('unverified')
    expect(why(live)).toContain(code)
  })
})

function altered(document: ConfigDocument): ConfigDocument {
  const text = Buffer.from(document.release!.payload, 'base64').toString().replace('"limit":25', '"limit":99')
  return { ...document, release: { ...document.release!, payload: Buffer.from(text).toString('base64') } }
}

function unapproved(): ConfigDocument {
  const document = sampleDocument({ policy: policy('2.0.0', 25), seq: 4 })
  return { ...document, release: { ...document.release!, signatures: [] } }
}
