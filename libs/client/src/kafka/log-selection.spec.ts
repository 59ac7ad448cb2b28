import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HmsError } from '#libs/contracts'
import { bundleTags } from '#libs/signing'
import { FakeLog } from '../testing/fake-log.js'
import { ManualClock } from '../testing/manual-clock.js'
import { sampleDocument, sampleFreshness } from '../testing/sample-document.js'
import { documentRecord, freshnessRecord } from '../testing/sample-records.js'
import { SAMPLE_ROSTER_BYTES } from '../testing/sample-trust.js'
import { openFollower } from './follow-policies.js'
import type { ReaderSession } from '../connection/reader-session.js'

const STATE = 'hms.config.state.v1'
const [A, B, C] = ['a-limit', 'b-limit', 'c-limit']
const documentOf = (id: string, seq: number, revision: number, scope = 'global') =>
  sampleDocument({ policy: { id, version: `${seq}.0.0` }, seq, revision, scope })
const placesOf = (scope: string, ...ids: string[]) => bundleTags(ids.map((id) => ({ id, scope })))

let log: FakeLog
let clock: ManualClock
let open: ReaderSession[]
let errors: string[]
beforeEach(() => {
  log = new FakeLog()
  clock = new ManualClock(Date.parse('2024-09-01T12:00:00Z'))
  open = []
  errors = []
})
afterEach(() => Promise.all(open.map((follower) => follower.close())))

async function follow(policies: string[]): Promise<ReaderSession> {
  const follower = await openFollower({ bot: 'bot-7', roster: SAMPLE_ROSTER_BYTES, policies, timeoutMs: 2_000 }, log, clock)
  open.push(follower)
  follower.on('error', (error) => errors.push((error as HmsError).code))
  await log.atEnd()
  return follower
}

/** Publishes rollout's freshness statement on these heads, and advances past the grace period. */
async function vouch(...documents: ReturnType<typeof documentOf>[]): Promise<void> {
  const at = (ms: number): string => new Date(clock.now() + ms).toISOString()
  const heads = documents.map(({ id, seq, digest }) => ({ policy: id, seq, current: digest }))
  await log.write(STATE, freshnessRecord(sampleFreshness(heads, at(0), at(300_000))))
  for (let passed = 0; passed < 30_000; passed += 10_000) {
    clock.advance(10_000)
    await log.poll()
  }
}

describe('a follower of named policies', () => {
  it('keeps these only, and is READY by a statement on all heads', async () => {
    const [a, b] = [documentOf(A, 1, 1), documentOf(B, 1, 2)]
    await log.write(STATE, documentRecord(a), documentRecord(b))
    const follower = await follow([A, C])
    await vouch(a, b)
    expect([follower.ids(), follower.state, errors]).toEqual([[A], 'READY', []])
    const c = documentOf(C, 1, 3)
    await log.write(STATE, documentRecord(c))
    await vouch(a, b, c)
    expect([follower.ids(), follower.state]).toEqual([[A, C], 'READY'])
  })

  it('is STALE when a head of one of them is withheld', async () => {
    const [a, b] = [documentOf(A, 1, 1), documentOf(B, 1, 2)]
    await log.write(STATE, documentRecord(a), documentRecord(b))
    const follower = await follow([A])
    await vouch(documentOf(A, 2, 3), b)
    expect([follower.state, follower.ids()]).toEqual(['STALE', [A]])
  })

  it('keeps a policy stored together with its own, in any order, until its own changes alone', async () => {
    const together = placesOf('global', A, B)
    await log.write(STATE, documentRecord(documentOf(C, 1, 1)), documentRecord(documentOf(B, 1, 2), together))
    await log.write(STATE, documentRecord(documentOf(A, 1, 2), together), documentRecord(documentOf(B, 2, 3)))
    const follower = await follow([A])
    expect([follower.ids(), follower.get(B).version]).toEqual([[A, B], '2.0.0'])
    await log.write(STATE, documentRecord(documentOf(A, 2, 4)))
    expect(follower.ids()).toEqual([A])
  })

  it('re-reads the skipped records of a policy that joins a bundle of its own', async () => {
    await log.write(STATE, documentRecord(documentOf(B, 1, 1)), documentRecord(documentOf(A, 1, 2)))
    const follower = await follow([A])
    expect(follower.ids()).toEqual([A])
    const together = placesOf('region:NCR', A, B)
    const canary = (id: string) =>
      sampleDocument({ policy: { id, version: '3.0.0' }, scope: 'region:NCR', share: 1, base: documentOf(id, 1, 1).digest, revision: 3 })
    await log.write(STATE, documentRecord(canary(A), together), documentRecord(canary(B), together))
    await log.poll()
    expect([follower.ids(), follower.get(B).version]).toEqual([[A, B], '1.0.0'])
  })

  it('reports an invalid head of another policy, and continues', async () => {
    await log.write(STATE, documentRecord(documentOf(A, 1, 1)))
    const follower = await follow([A])
    await log.write(STATE, documentRecord({ ...documentOf(B, 1, 2), head: documentOf(B, 1, 2, 'region:NCR').head }))
    await log.write(STATE, documentRecord(documentOf(A, 2, 3)))
    expect([follower.get(A).version, errors]).toEqual(['2.0.0', ['HMS_SIGNATURE_UNKNOWN_KEY']])
  })
})
