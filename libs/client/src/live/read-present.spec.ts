import { describe, expect, it } from 'vitest'
import type { ConfigDocument, Envelope, StreamFrame } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { readRoster, StableTree } from '#libs/signing'
import { sampleDocument, sampleFreshness } from '../testing/sample-document.js'
import { SAMPLE_ROSTER } from '../testing/sample-trust.js'
import { readPresent, type PresentValue } from './read-present.js'

const ID = 'epa-pm25-limit'
const NOW = Date.parse('2026-11-29T12:00:00Z')
const at = (ms: number): string => new Date(NOW + ms).toISOString()
const policy = (version: string, limit: number) => ({ id: ID, version, limit })
const headOf = ({ id, seq, digest }: ConfigDocument) => ({ policy: id, seq, current: digest })

const OLD = sampleDocument({ policy: policy('1.5.0', 35), seq: 3 })
const LIVE = sampleDocument({ policy: policy('2.0.0', 25), seq: 4, run: 184 })
const CANARY = sampleDocument({
  policy: policy('3.0.0', 20),
  seq: 5,
  scope: 'region:NCR',
  share: 10_000,
  base: LIVE.digest,
  expires: at(300_000),
  issuedAt: at(-1_000),
})

/**
 * Returns a frame with these documents. `stated`: stable documents that rollout's statement names. `fromMs`: time of the statement relative
 * to now.
 */
function frame(documents: ConfigDocument[], stated = documents.filter(({ scope }) => scope === 'global'), fromMs = -1_000): StreamFrame {
  const tree = new StableTree(stated.map(headOf))
  const freshness: Envelope = sampleFreshness(stated.map(headOf), at(fromMs), at(fromMs + 300_000))
  return { type: 'snapshot', revision: 9, changes: [], documents, freshness, standing: { [ID]: tree.proofOf(ID) } }
}

/** Reads the policy from a store that serves these frames in turn, repeating the last one. */
async function read(frames: StreamFrame[], reader: Reader = {}, nowMs = NOW): Promise<PresentValue & { asked: number }> {
  let asked = 0
  const snapshot = async (): Promise<unknown> => frames[Math.min(asked++, frames.length - 1)]
  const rosters = { kind: 'pinned' as const, newest: readRoster(SAMPLE_ROSTER), follow: async () => {} }
  const clock = { now: () => nowMs, elapsed: () => asked * 1_000, after: () => ({ cancel: () => {} }) }
  return { ...(await readPresent(ID, reader, { rosters, snapshot, clock })), asked }
}

describe('the value in force, verified for a caller', () => {
  it('is returned with its signers after one request', async () => {
    const { value, doubt, asked } = await read([frame([LIVE])])
    expect(value).toMatchObject({ value: { limit: 25 }, run: 184, revision: 4, head: { scope: 'global' } })
    expect(value?.release).toMatchObject({ approvedBy: ['EPA Chief'], digest: LIVE.digest, predicate: { author: null } })
    expect([doubt, asked]).toEqual([undefined, 1])
    expect((await read([frame([sampleDocument({ policy: null, seq: 5 })])])).value).toBeNull()
  })

  it('is the canary for a reader in its cohort', async () => {
    const shown = frame([LIVE, CANARY])
    expect((await read([shown], { bot: 'b', region: 'NCR' })).value).toMatchObject({ value: { limit: 20 }, head: { scope: 'region:NCR' } })
    for (const reader of [{}, { region: 'NCR' }, { bot: 'b', region: 'SOUTH' }])
      expect((await read([shown], reader)).value?.value.version).toBe('2.0.0')
  })

  it('changes at the effective time, even while rollout is unavailable', async () => {
    const later = sampleDocument({ policy: { ...policy('3.0.0', 20), effective: at(-60_000) } })
    const next = { release: later.digest!, at: at(-60_000), run: 7 }
    const holding = { ...sampleDocument({ policy: policy('2.0.0', 25), seq: 4, next }), next: { release: later.release!, proof: null } }
    const found = await read([frame([holding], [holding], -600_000)])
    expect(found.value).toMatchObject({ value: { version: '3.0.0' }, run: 7, release: { digest: later.digest } })
    expect(found.doubt?.code).toBe('HMS_FRESHNESS_EXPIRED')
  })

  it.each<[string, StreamFrame, string, boolean]>([
    ['rollout has been away for ten minutes', frame([LIVE], [LIVE], -600_000), 'HMS_FRESHNESS_EXPIRED', false],
    ['there is no statement', { ...frame([LIVE]), freshness: undefined }, 'HMS_FRESHNESS_MISSING', true],
    ['the statement is dated ahead', frame([LIVE], [LIVE], 86_400_000), 'HMS_FRESHNESS_AHEAD', false],
    ['the store is not at the statement', { ...frame([LIVE], [OLD]), standing: undefined }, 'HMS_FRESHNESS_MIXED', true],
  ])('is in doubt when %s', async (_what, shown, code, isAskedAgain) => {
    const { value, doubt, asked } = await read([shown])
    expect([value?.value.version, doubt?.code, asked > 1]).toEqual(['2.0.0', code, isAskedAgain])
  })

  it('has a doubt that names the unconfirmed head, and claims no newer one', async () => {
    const unproven = { ...frame([OLD], [LIVE]), standing: undefined }
    const stated = `rollout's freshness statement of ${at(-1_000)}`
    expect((await read([unproven])).doubt?.detail).toBe(
      `the server shows no proof that ${stated} is on head 3 of ${ID}: a newer head may have been withheld`,
    )
    const refused = `${stated} does not confirm head 3 of ${ID}: the server's proof is for another head, or forged`
    await expect(read([frame([OLD], [LIVE])])).rejects.toMatchObject({ detail: expect.stringContaining(refused) })
    await expect(read([frame([], [LIVE])])).rejects.toMatchObject({
      detail: expect.stringContaining(`does not confirm that ${ID} has no head`),
    })
  })

  it('has a doubt that names the expired roster', async () => {
    const { doubt } = await read([frame([LIVE], [LIVE], Date.parse('2036-06-01T00:00:00Z') - NOW)], {}, Date.parse('2036-06-01T00:00:01Z'))
    expect(doubt).toEqual({
      code: 'HMS_ROSTER_EXPIRED',
      detail: 'roster 1 expired at 2036-01-01T00:00:00Z, and nothing confirms its keys since',
    })
  })

  it('is read again while the statement does not match yet', async () => {
    const behind = { ...frame([LIVE], [OLD]), standing: undefined }
    expect(await read([behind, frame([LIVE])])).toMatchObject({ asked: 2, value: { value: { version: '2.0.0' } } })
  })

  it('is read again after a refusal, because the first response may be older than the roster', async () => {
    const forged = frame([altered(LIVE)], [LIVE])
    expect(await read([forged, frame([LIVE])])).toMatchObject({ asked: 2, value: { value: { version: '2.0.0' } } })
    await expect(read([forged, forged, frame([LIVE])])).rejects.toMatchObject({ code: 'HMS_VERIFY_PRESENT' })
  })

  it.each<[string, StreamFrame, string]>([
    ['a changed value', frame([altered(LIVE)], [LIVE]), 'HMS_'],
    ['an unapproved release', frame([sampleDocument({ policy: policy('2.0.0', 25), seq: 4, approvedBy: [] })]), ''],
    ['a head by another', frame([sampleDocument({ policy: policy('2.0.0', 25), seq: 4, headSignedBy: 'canary-controller' })]), 'HMS_HEAD'],
    ['an earlier head, and the proof of the newest', frame([OLD], [LIVE]), 'HMS_FRESHNESS_MIXED'],
    ['nothing, and the proof of a head', frame([], [LIVE]), 'HMS_FRESHNESS_MIXED'],
    ['a forged canary', frame([LIVE, altered(CANARY)], [LIVE]), 'HMS_'],
    ['a forged statement', { ...frame([LIVE]), freshness: { ...frame([LIVE]).freshness!, signatures: [] } }, 'HMS_FRESHNESS_INVALID'],
  ])('is refused when the store shows %s', async (_what, shown, code) => {
    await expect(read([shown], { bot: 'b', region: 'NCR' })).rejects.toMatchObject({
      code: 'HMS_VERIFY_PRESENT',
      status: 502,
      detail: expect.stringContaining(code),
    })
  })
})

function altered(document: ConfigDocument): ConfigDocument {
  const text = Buffer.from(document.release!.payload, 'base64').toString().replace('"limit":2', '"limit":9')
  return { ...document, release: { ...document.release!, payload: Buffer.from(text).toString('base64') } }
}
