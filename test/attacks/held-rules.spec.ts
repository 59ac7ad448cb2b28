import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigDocument, Envelope, HeldRelease } from '#libs/contracts'
import { readRoster, type HeadPredicate, type ReleasePredicate } from '#libs/signing'
import { HeldDocuments } from '../../libs/client/src/connection/held-documents.js'
import { ManualClock } from '../../libs/client/src/testing/manual-clock.js'
import { DocumentTrust } from '../../libs/client/src/trust/document-trust.js'
import { ReaderTime } from '../../libs/client/src/trust/reader-time.js'
import { ALONE, digestOf, Office } from './office.js'

const NOW = Date.parse('2026-03-02T00:00:00Z')
const AT = '2026-03-02T01:00:00Z'
const HOUR_MS = 3_600_000
const office = new Office()

/** A release that takes effect at `AT`, and how its attacker shows it. */
interface Held {
  signers?: string[]
  release?: (release: ReleasePredicate) => void
  /** Of the head's `next`. */
  at?: string
  named?: string
  head?: (head: HeadPredicate) => void
  brought?: (held: HeldRelease) => HeldRelease | undefined
  headSigner?: string
}

let current: ConfigDocument

async function logged(release: Envelope, id: string, version: string): Promise<NonNullable<ConfigDocument['proof']>> {
  const entry = office.entry(release, { releases: [{ id, version, digest: digestOf(release) }] })
  return { entry, member: ALONE, proof: await office.proof(entry) }
}

async function held({
  signers = ['EPA Chief', 'EPA Counsel'],
  release: change,
  at = AT,
  named,
  head: edit,
  brought,
  headSigner = 'rollout',
}: Held = {}): Promise<ConfigDocument> {
  const next = await office.release(signers, (release) => {
    release.releaseEpoch = 2
    release.policy = { ...release.policy, version: '2.0.0', limit: 12, effective: AT }
    release.fallbacks = [{ version: '1.0.0', digest: current.digest! }]
    change?.(release)
  })
  const { id, version } = JSON.parse(Buffer.from(next.payload, 'base64').toString()).predicate.policy as { id: string; version: string }
  let predicate: HeadPredicate | undefined
  const head = await office.head(current.release!, headSigner, (made) => {
    made.seq = 4
    made.next = { release: named ?? digestOf(next), at }
    edit?.(made)
    predicate = made
  })
  const shown: HeldRelease = { release: next, proof: await logged(next, id, version) }
  const { seq, scope, current: digest } = predicate!
  const document = { ...current, seq, scope, digest, head, release: digest === null ? null : current.release }
  const given = brought === undefined ? shown : brought(shown)
  return given === undefined ? document : { ...document, next: given }
}

describe('a release that is held for later', () => {
  let clock: ManualClock
  let bot: HeldDocuments
  const codes = (...documents: ConfigDocument[]): string[] => bot.apply(documents, clock.now()).map(({ error }) => error.code)
  const limit = (): unknown => bot.inForce({ bot: 'inspector-7', region: 'NCR' }, clock.now()).get('lead-limit')?.held.value['limit']

  beforeAll(async () => {
    const release = await office.release(['EPA Chief', 'EPA Counsel'])
    const head = await office.head(release)
    current = {
      id: 'lead-limit',
      scope: 'global',
      seq: 3,
      revision: 3,
      version: '1.0.0',
      digest: digestOf(release),
      run: null,
      head,
      release,
      proof: await logged(release, 'lead-limit', '1.0.0'),
    }
  })

  beforeEach(async () => {
    const roster = readRoster(await office.signedRoster(office.roster()))
    clock = new ManualClock(NOW)
    bot = new HeldDocuments(new DocumentTrust(() => roster, new ReaderTime(clock)))
    expect(codes(current)).toEqual([])
  })

  it('is accepted, reported, and in force from its effective time on and not before', async () => {
    const document = await held()
    expect(codes(document)).toEqual([])
    expect([limit(), bot.nextEffective(clock.now()), bot.notYetEffective(clock.now())]).toEqual([
      15,
      Date.parse(AT),
      { 'lead-limit': [digestOf(document.next!.release)] },
    ])
    clock.advance(HOUR_MS - 1)
    expect(limit()).toBe(15)
    clock.advance(1)
    expect([limit(), bot.nextEffective(clock.now()), bot.notYetEffective(clock.now())]).toEqual([12, null, {}])
    expect([codes(document), limit()]).toEqual([[], 12])
  })

  const attacks: [string, string, Held][] = [
    ['one approver of two', 'HMS_HEAD_NOT_APPROVED', { signers: ['EPA Chief'] }],
    ['an outsider', 'HMS_HEAD_NOT_APPROVED', { signers: ['EPA Chief', 'nobody'] }],
    [
      'an edited value',
      'HMS_HEAD_RELEASE_INVALID',
      { brought: (shown) => ({ ...shown, release: edited(shown.release, '"limit":12', '"limit":99') }) },
    ],
    ['a head that names the edited value', 'HMS_HEAD_RELEASE_OTHER', { named: `sha256:${'0'.repeat(64)}` }],
    ['a release that is not brought', 'HMS_HEAD_RELEASE_MISSING', { brought: () => undefined }],
    ['no proof', 'HMS_HEAD_NOT_LOGGED', { brought: ({ release }) => ({ release, proof: null }) }],
    ['the proof of another release', 'HMS_HEAD_NOT_LOGGED', { brought: ({ release }) => ({ release, proof: current.proof }) }],
    ['a time before its own', 'HMS_HEAD_NEXT_TIME', { at: '2026-03-02T00:00:01Z' }],
    ['a time after its own', 'HMS_HEAD_NEXT_TIME', { at: '2036-03-02T00:00:01Z' }],
    ['an epoch below what was seen', 'HMS_RELEASE_BELOW_FLOOR', { release: (release) => void (release.releaseEpoch = 0) }],
    ['another release of the epoch that is in force', 'HMS_RELEASE_BELOW_FLOOR', { release: (release) => void (release.releaseEpoch = 1) }],
    ['a dropped tag', 'HMS_RELEASE_TAG_DROPPED', { signers: ['EPA Chief'], release: (release) => void (release.policy['tags'] = ['air']) }],
    ['another policy', 'HMS_HEAD_RELEASE_OTHER', { release: (release) => void (release.policy.id = 'other-limit') }],
    ['a head of canary-controller', 'HMS_HEAD_SIGNER', { headSigner: 'canary-controller' }],
    ['a head of before', 'HMS_HEAD_REPLAYED', { head: (head) => void (head.seq = 2) }],
    [
      'a region that was not approved',
      'HMS_HEAD_SCOPE',
      {
        headSigner: 'canary-controller',
        head: (head) => void Object.assign(head, { scope: 'region:VA', share: 10_000, base: current.digest }),
      },
    ],
    ['a release for one region, for all', 'HMS_HEAD_SCOPE', { release: (release) => void (release.scopes = ['region:NCR']) }],
  ]

  it.each(attacks)('is refused with %s', async (_what, code, attack) => {
    expect(codes(await held(attack))).toEqual([code])
    clock.advance(2 * HOUR_MS)
    expect([limit(), bot.notYetEffective(clock.now())]).toEqual([15, {}])
  })

  it('is nothing to a head that does not name it', async () => {
    const document = { ...current, next: (await held()).next! }
    expect(codes(document)).toEqual([])
    clock.advance(2 * HOUR_MS)
    expect(limit()).toBe(15)
  })

  it('is given up by the next head, and does not come back with the one before', async () => {
    const document = await held()
    const back = await office.head(current.release!, 'rollout', (head) => void (head.seq = 5))
    expect(codes(document, { ...current, seq: 5, head: back })).toEqual([])
    expect(codes(document)).toEqual(['HMS_HEAD_REPLAYED'])
    clock.advance(2 * HOUR_MS)
    expect(limit()).toBe(15)
  })

  it('serves its cohort alone, from its time on, while its canary lasts', async () => {
    const canary = await held({
      headSigner: 'canary-controller',
      head: (head) =>
        void Object.assign(head, {
          scope: 'region:NCR',
          share: 10_000,
          base: current.digest,
          issuedAt: '2026-03-02T00:00:00Z',
          expires: '2026-03-02T02:00:00Z',
        }),
    })
    expect(codes(canary)).toEqual([])
    expect(limit()).toBe(15)
    clock.advance(HOUR_MS)
    expect(limit()).toBe(12)
    clock.advance(HOUR_MS)
    expect(limit()).toBe(15)
  })
})

function edited(envelope: Envelope, from: string, to: string): Envelope {
  return { ...envelope, payload: Buffer.from(Buffer.from(envelope.payload, 'base64').toString().replace(from, to)).toString('base64') }
}
