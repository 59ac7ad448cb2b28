import { afterEach, describe, expect, it } from 'vitest'
import { ApiClient } from '#libs/client'
import type { ConfigDocument, Envelope } from '#libs/contracts'
import { readRoster } from '#libs/signing'
import { sampleDocument, sampleFreshness } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER } from '../../libs/client/src/testing/sample-trust.js'
import { serveCanned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { readServed } from '../../apps/cli/src/audit/served-heads.js'

const ID = 'epa-pm25-limit'
const NOW = Date.parse('2026-11-29T12:00:00Z')
const at = (ms: number): string => new Date(NOW + ms).toISOString()
const headOf = ({ id, seq, digest }: ConfigDocument) => ({ policy: id, seq, current: digest })
const freshOn = (documents: ConfigDocument[], fromMs = -1_000): Envelope =>
  sampleFreshness(documents.map(headOf), at(fromMs), at(fromMs + 300_000))

const OLD = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 3 })
const LIVE = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 4 })
const OTHER = sampleDocument({ policy: { id: 'ozone-limit', version: '1.0.0', limit: 70 }, seq: 1 })
const CANARY = sampleDocument({ policy: { id: ID, version: '3.0.0', limit: 20 }, seq: 5, scope: 'region:NCR' })

let service: CannedService | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

/** What is wrong with a store that serves `documents`; the statement is the next one at each attempt. */
async function doubtOf(documents: ConfigDocument[], ...statements: (Envelope | undefined)[]): Promise<string | undefined> {
  let asked = 0
  const frame = { type: 'snapshot', revision: 9, changes: [] }
  service = await serveCanned({
    'GET /v1/snapshot?after=': { body: { ...frame, documents } },
    'GET /v1/snapshot?revision=0&policies=none': {
      body: () => ({ ...frame, documents: [], freshness: statements[Math.min(asked++, statements.length - 1)] }),
    },
  })
  const harness = { roster: readRoster(SAMPLE_ROSTER), nowMs: () => NOW, pause: async () => asked < 3 }
  const { doubt } = await readServed(new ApiClient({ url: service.url }), harness)
  return doubt && `${doubt.detail} (${doubt.code})`
}

describe('what config-store serves', () => {
  it('is what rollout vouches for, canaries aside', async () => {
    expect(await doubtOf([LIVE, OTHER, CANARY], freshOn([LIVE, OTHER]))).toBeUndefined()
    expect(await doubtOf([], freshOn([]))).toBeUndefined()
  })

  it('is read again while the statement is behind, or not there yet', async () => {
    expect(await doubtOf([LIVE], undefined, freshOn([OLD]), freshOn([LIVE]))).toBeUndefined()
  })

  it.each<[string, ConfigDocument[], Envelope | undefined, string]>([
    ['a head that was put back', [OLD, OTHER], freshOn([LIVE, OTHER]), 'HMS_FRESHNESS_MIXED'],
    ['no head of a policy', [OTHER], freshOn([LIVE, OTHER]), 'HMS_FRESHNESS_MIXED'],
    ['a head more', [LIVE, OTHER], freshOn([LIVE]), 'HMS_FRESHNESS_MIXED'],
    ['no statement', [LIVE], undefined, 'HMS_FRESHNESS_MISSING'],
    ['the statement of an hour ago', [LIVE], freshOn([LIVE], -3_600_000), 'HMS_FRESHNESS_EXPIRED'],
    ['a statement of tomorrow', [LIVE], freshOn([LIVE], 86_400_000), 'dated'],
    ['a statement that rollout did not sign', [LIVE], { ...freshOn([LIVE]), signatures: [] }, 'HMS_FRESHNESS_INVALID'],
  ])('does not pass with %s', async (_what, documents, statement, detail) => {
    expect(await doubtOf(documents, statement)).toContain(detail)
  })
})
