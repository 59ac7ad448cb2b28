import { describe, expect, it } from 'vitest'
import { bundleOfHeads, readRoster } from '#libs/signing'
import { ManualClock } from '../testing/manual-clock.js'
import { sampleDocument } from '../testing/sample-document.js'
import { SAMPLE_ROSTER } from '../testing/sample-trust.js'
import { DocumentTrust } from '../trust/document-trust.js'
import { ReaderTime } from '../trust/reader-time.js'
import { HeldDocuments } from './held-documents.js'

const NOW = Date.parse('2024-09-01T12:00:00Z')
const [A, B] = ['ozone-limit', 'pm25-limit']
const reader = { bot: 'inspector-7', region: 'NCR' }
const earlier = { ...reader, beforeCohortKey: true }

const stableOf = (id: string, seq = 1, limit = 10) =>
  sampleDocument({ policy: { id, version: `1.0.${seq}`, limit }, seq, release: { releaseEpoch: seq } })
const canaryOf = (id: string, base: string | null, more: object = {}) =>
  sampleDocument({
    policy: { id, version: '2.0.0', limit: 20 },
    scope: 'region:NCR',
    seq: 4,
    share: 10_000,
    base,
    cohortKey: A,
    expires: '2024-09-01T12:05:00Z',
    ...more,
  })

/** Canary heads that were issued together. */
function bundle() {
  const alone = [A, B].map((id) => canaryOf(id, stableOf(id).digest))
  const ref = bundleOfHeads(alone.map(({ id: policy, scope, seq, digest: current }) => ({ policy, scope, seq, current })))
  return [A, B].map((id) => canaryOf(id, stableOf(id).digest, { bundle: ref, run: 2 }))
}

function holding(...documents: ReturnType<typeof stableOf>[]): HeldDocuments {
  const held = new HeldDocuments(new DocumentTrust(() => readRoster(SAMPLE_ROSTER), new ReaderTime(new ManualClock(NOW))))
  expect(held.apply(documents, NOW)).toEqual([])
  return held
}

const limits = (held: HeldDocuments, who = reader): unknown[] => [A, B].map((id) => held.inForce(who, NOW).get(id)?.held.value['limit'])

describe('the canary of a bundle', () => {
  const stable = [stableOf(A), stableOf(B)]

  it('is used while all its members are present and their bases are stable', () => {
    expect(limits(holding(...stable, ...bundle()))).toEqual([20, 20])
  })

  it('is used by no reader once the stable release of one member changes', () => {
    const held = holding(...stable, ...bundle())
    held.apply([stableOf(A, 2, 11)], NOW)
    expect(limits(held)).toEqual([11, 10])
    expect(limits(held, earlier)).toEqual([11, 20])
  })

  it('is not used while a member is missing', () => {
    const [first, second] = bundle()
    const held = holding(...stable, second!)
    expect(limits(held)).toEqual([10, 10])
    held.apply([first!], NOW)
    expect(limits(held)).toEqual([20, 20])
  })

  it('is used by no reader while a member has a live canary of another run', () => {
    const another = (more: object) =>
      canaryOf(B, stable[1]!.digest, { policy: { id: B, version: '3.0.0', limit: 30 }, cohortKey: undefined, run: 1, seq: 9, ...more })
    const held = holding(...stable, ...bundle(), another({ scope: 'region:*' }))
    expect(limits(held)).toEqual([10, 30])
    held.apply([another({ scope: 'region:*', seq: 10, expires: '2024-09-01T11:59:59Z' })], NOW)
    expect(limits(held)).toEqual([20, 20])
    expect(limits(holding(...stable, ...bundle(), another({ scope: 'region:TX' })))).toEqual([20, 20])
    expect(limits(holding(...stable, ...bundle(), another({ scope: 'region:*', run: 2 })))).toEqual([20, 30])
  })

  it('is evaluated per policy if an earlier version renewed one member alone', () => {
    const [first] = bundle()
    expect(limits(holding(...stable, first!, canaryOf(B, stable[1]!.digest, { cohortKey: undefined })))).toEqual([10, 20])
  })
})
