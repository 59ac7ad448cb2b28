import { bucketOf } from '#libs/policy'
import {
  bent,
  datedPrincipals,
  documentOf,
  freshnessOf,
  later,
  otherPeople,
  PAIRS,
  proofOf,
  released,
  rosterOf,
  rosterPredicate,
  rotated,
  SECOND_WITNESS,
  T0,
  T1,
  T2,
  type Vector,
  type VectorStep,
} from './vectors.js'

const ANYONE = {}
const CANARY = { scope: 'region:NCR', seq: 2, share: 5_000, salt: 'run-2', issuedAt: T0, expires: '2026-03-02T09:02:00.000Z' }
/** Buckets of these names in the canary: below and above a share of one half. */
const IN_COHORT = 'bot-2'
const OUTSIDE = 'bot-1'
const NAMED = 'inspector ä-7'

/** A canary of `id` whose share ends just before the bucket of NAMED, or with it; without a salt in all regions. */
async function bucketSteps(id: string, isInside: boolean, salt?: string, cohortKey?: string): Promise<VectorStep['documents'] & object> {
  const scope = salt === undefined ? 'region:*' : 'region:NCR'
  const plan = { share: 5_000, scope, scopeName: scope, observeMs: 1_000, bakeMs: 1_000, partners: null }
  const stable = await released({ id, version: '1.0.0', limit: 1 })
  const tried = await released({ id, version: '2.0.0', limit: 2, epoch: 2, release: { scopes: ['global', scope], plan } })
  const share = bucketOf(cohortKey ?? id, NAMED, salt) + (isInside ? 1 : 0)
  const lease = { base: stable.prepared.digest, baseSeq: 1, issuedAt: T0, expires: later(T0, 120) }
  const cohort = { share, ...(salt === undefined ? {} : { salt }), ...(cohortKey === undefined ? {} : { cohortKey }) }
  return [await documentOf(stable), await documentOf(tried, { scope, seq: 2, ...lease, ...cohort })]
}

/** Sessions by file name, without what the reader must make of them: the product says that. */
export async function sessions(): Promise<Record<string, Vector>> {
  const roster = await rosterOf()
  const session = (about: string, steps: Vector['steps'], reader: Vector['reader'] = ANYONE): Vector => ({ about, reader, roster, steps })
  const first = await released({ version: '1.0.0', limit: 35 })
  const second = await released({
    version: '2.0.0',
    limit: 25,
    epoch: 2,
    release: { fallbacks: [{ version: '1.0.0', digest: first.prepared.digest }] },
  })
  const ozone = await released({ id: 'ozone', version: '1.0.0', limit: 70 })
  const one = await documentOf(first)
  const two = await documentOf(second, { seq: 2 })
  const other = await documentOf(ozone)
  const critical = { id: 'lead', version: '1.0.0', limit: 5, tags: ['critical'] }
  const future = await released({ version: '3.0.0', limit: 20, epoch: 3, effective: T1 })
  const held = await documentOf(second, { seq: 3, next: { at: T1, release: future.prepared.digest }, held: future })
  const canary = { ...CANARY, base: first.prepared.digest, baseSeq: 1 }
  const trial = await documentOf(second, canary)
  const stable = await documentOf(first, { sinceSeq: 1 })
  const canarySteps: Vector['steps'] = [
    { at: T0, documents: [stable, trial] },
    { at: later(T0, 119) },
    { at: later(T0, 120) },
    { at: later(T0, 121), documents: [await documentOf(second, { ...canary, seq: 3, issuedAt: later(T0, 121), expires: later(T0, 241) })] },
    { at: later(T0, 122), documents: [await documentOf(ozone && first, { seq: 4, sinceSeq: 4 })] },
  ]
  const named = { id: 'pm25', version: '1.0.0', digest: first.prepared.digest }
  const seconds = 1_772_442_000
  const water = { id: 'water-1', version: '1.0.0', limit: 5, tags: ['water'] }
  const waterRoles = [
    { name: 'tagged', match: { tag: 'water' }, principals: ['epa-chief', 'epa-counsel'], threshold: 1 },
    { name: 'named', match: { idPrefix: 'water-' }, principals: ['epa-counsel'], threshold: 1 },
  ]
  const withProof = async (proof: Awaited<ReturnType<typeof proofOf>> | null) => documentOf(first, { document: { proof } })
  const approvedBy = (by: Parameters<typeof released>[0]['by']) => released({ version: '3.0.0', limit: 20, epoch: 3, effective: T1, by })
  const withHeld = async (seq: number, next: typeof future, document = {}) =>
    documentOf(second, { seq, next: { at: T1, release: next.prepared.digest }, held: next, document })
  const bentLog = first.proof.proof.replace(
    /(audit IaZA.{20})(.)/,
    (_, before: string, char: string) => before + (char === 'A' ? 'B' : 'A'),
  )
  const asOther = await proofOf([named], named.digest, seconds, ['witness'], 'hms.approval.rejected.v1')
  const wrongPath = { ...first.proof, proof: first.proof.proof.replace('index 3', 'index 2') }
  return {
    'documents-in-force': session('Two policies, each signed by the people and services that the roster names, and in the log.', [
      { at: T0, documents: [one, other] },
      { at: later(T0, 10), documents: [two] },
    ]),
    'documents-withdrawn': session('A head without a release ends a policy; a snapshot that leaves one out does not.', [
      { at: T0, documents: [one, other] },
      { at: later(T0, 10), documents: [other] },
      { at: later(T0, 20), documents: [await documentOf(null, { policy: 'pm25', seq: 2 })] },
    ]),
    'documents-refused': session('Documents that contradict what was signed; what was held stays in force.', [
      { at: T0, documents: [one] },
      { at: later(T0, 1), documents: [await documentOf(second, { seq: 2, by: 'canary-controller' })] },
      { at: later(T0, 2), documents: [{ ...two, head: bent(two.head) }] },
      { at: later(T0, 3), documents: [{ ...two, release: first.envelope, proof: first.proof }] },
      { at: later(T0, 4), documents: [{ ...two, release: null }] },
      { at: later(T0, 5), documents: [{ ...two, seq: 7 }] },
      { at: later(T0, 6), documents: [await documentOf(second, { seq: 2, scope: 'region:VA', base: first.prepared.digest })] },
      { at: later(T0, 7), documents: [{ ...two, release: bent(second.envelope) }] },
      { at: later(T0, 8), documents: [await documentOf(ozone, { policy: 'pm25', seq: 2 })] },
      { at: later(T0, 9), documents: [two] },
    ]),
    approvals: session('Who must sign: people of the role for the policy, two for the tag `critical`, each once, and never its author.', [
      { at: T0, documents: [await documentOf(await released({ version: '1.0.0', limit: 35, by: ['Air Office'] }))] },
      { at: T0, documents: [await documentOf(await released({ version: '1.0.0', limit: 35, by: ['stranger'] }))] },
      { at: T0, documents: [await documentOf(await released({ ...critical, by: ['EPA Chief'] }))] },
      { at: T0, documents: [await documentOf(await released({ ...critical, by: ['EPA Chief', 'Air Office'] }))] },
      { at: T0, documents: [await documentOf(await released({ ...critical, by: ['EPA Chief', 'EPA Counsel'] }))] },
      { at: T0, documents: [await documentOf(await released({ version: '1.0.0', limit: 35, by: ['EPA Counsel', 'Air Office'] }))] },
    ]),
    'approvals-roles': {
      ...session(
        'Of several roles for a policy the strictest decides: the highest threshold, then the fewest people; the role for all is none of them.',
        [
          { at: T0, documents: [await documentOf(await released({ ...water, by: ['Air Office'] }))] },
          { at: T0, documents: [await documentOf(await released({ ...water, by: ['EPA Chief'] }))] },
          { at: T0, documents: [await documentOf(await released({ ...water, by: ['EPA Counsel'] }))] },
        ],
      ),
      roster: await rosterOf({ roles: [...waterRoles, ...rosterPredicate.roles] }),
    },
    'proofs-quorum': {
      ...session(
        'Two witnesses have to sign; the approval has the time of the later one. Before that time, a key of its signer is revoked in one step.',
        [
          { at: T0, documents: [await withProof(first.proof)] },
          { at: T0, documents: [await withProof(await proofOf([named], named.digest, seconds, ['witness', 'second witness']))] },
          { at: T0, documents: [await withProof(await proofOf([named], named.digest, seconds - 60, ['witness', 'second witness']))] },
        ],
      ),
      roster: await rosterOf({
        witnesses: [...rosterPredicate.witnesses!, SECOND_WITNESS],
        quorum: 2,
        revoked: [{ keyid: PAIRS['EPA Chief'].keyid, since: later(T0, 30), reason: 'lost' }],
      }),
    },
    proofs: session('The approval is in the log: the path leads to the root that the log signed and a witness saw.', [
      { at: T0, documents: [await withProof(null)] },
      { at: T0, documents: [await withProof(wrongPath)] },
      { at: T0, documents: [await withProof(ozone.proof)] },
      { at: T0, documents: [await withProof(await proofOf([named], named.digest, seconds, []))] },
      { at: T0, documents: [await withProof(await proofOf([named], named.digest, seconds, ['stranger']))] },
      { at: T0, documents: [await withProof({ ...first.proof, entry: first.proof.entry.replace('"run":1', '"run":2') })] },
      { at: T0, documents: [await withProof({ ...first.proof, proof: bentLog })] },
      { at: T0, documents: [await withProof(asOther)] },
      {
        at: T0,
        documents: [
          await withProof(
            await proofOf(
              [
                named,
                { id: 'ozone', version: '1.0.0', digest: ozone.prepared.digest },
                { id: 'pm25', version: '2.0.0', digest: second.prepared.digest },
              ],
              named.digest,
              seconds,
            ),
          ),
        ],
      },
    ]),
    'canary-in-cohort': session('A bot of the region and of the share reads the canary until its lease ends.', canarySteps, {
      bot: IN_COHORT,
      region: 'NCR',
    }),
    'canary-outside-cohort': session('A bot of the region outside of the share reads what is stable.', canarySteps, {
      bot: OUTSIDE,
      region: 'NCR',
    }),
    'canary-other-region': session('A bot of another region reads what is stable.', canarySteps, { bot: IN_COHORT, region: 'VA' }),
    'canary-buckets': session(
      'A share that ends just before the bucket of this bot leaves it out. A bundle has one cohort, a canary may be in all regions, and needs its base.',
      [
        { at: T0, documents: [...(await bucketSteps('a', false, 'run-2')), ...(await bucketSteps('b', true, 'run-2'))] },
        { at: T0, documents: [...(await bucketSteps('c', false, 'run-3', 'b')), ...(await bucketSteps('d', true, 'run-3', 'b'))] },
        { at: T0, documents: [...(await bucketSteps('e', false)), ...(await bucketSteps('f', true))] },
        { at: T0, documents: [await documentOf(await released({ id: 'f', version: '1.1.0', limit: 3, epoch: 3 }), { seq: 3 })] },
      ],
      { bot: NAMED, region: 'NCR' },
    ),
    'canary-nobody': session('A reader without a name is in no canary.', canarySteps),
    'effective-later': session('A release is held until its time, and in force from then on without another document.', [
      { at: T0, documents: [one] },
      { at: later(T0, 1), documents: [held] },
      { at: later(T1, -1) },
      { at: T1 },
      { at: T2, documents: [await documentOf(second, { seq: 4, next: { at: T2, release: future.prepared.digest }, held: future })] },
    ]),
    'effective-refused': session('A release that waits for its time is checked as the one in force is, at once.', [
      { at: T0, documents: [one] },
      { at: later(T0, 1), documents: [await withHeld(2, await approvedBy(['Air Office']))] },
      { at: later(T0, 2), documents: [await withHeld(3, future, { next: { release: future.envelope, proof: ozone.proof } })] },
      { at: later(T0, 3), documents: [await withHeld(4, future, { next: { release: first.envelope, proof: first.proof } })] },
      { at: later(T0, 4), documents: [await withHeld(5, future, { next: undefined })] },
      { at: T1 },
    ]),
    'floors-of-heads': session('A head with a lower number than one that was seen is refused, after a withdrawal too.', [
      { at: T0, documents: [two] },
      { at: later(T0, 1), documents: [one] },
      { at: later(T0, 2), documents: [await documentOf(null, { policy: 'pm25', seq: 5 })] },
      { at: later(T0, 3), documents: [await documentOf(second, { seq: 4 })] },
    ]),
    'floors-of-releases': session(
      'An earlier release returns only where the newest names it as a fallback; a tag that chose a role is not dropped.',
      [
        { at: T0, documents: [two] },
        { at: later(T0, 1), documents: [await documentOf(first, { seq: 3 })] },
        { at: later(T0, 2), documents: [await documentOf(await released({ version: '1.5.0', limit: 99, epoch: 1 }), { seq: 4 })] },
        { at: later(T0, 3), documents: [await documentOf(await released({ ...critical, epoch: 1, by: ['EPA Chief', 'EPA Counsel'] }))] },
        {
          at: later(T0, 4),
          documents: [await documentOf(await released({ ...critical, version: '2.0.0', tags: [], epoch: 2 }), { seq: 2 })],
        },
        {
          at: later(T0, 5),
          documents: [
            await documentOf(
              await released({
                ...critical,
                version: '2.0.0',
                tags: [],
                epoch: 2,
                by: ['EPA Chief', 'EPA Counsel'],
                release: { droppedTags: ['critical'] },
              }),
              { seq: 3 },
            ),
          ],
        },
      ],
    ),
    'freshness-confirms': session("Rollout's statement names all stable heads, and is valid for five minutes.", [
      { at: T0, documents: [one, other], freshness: await freshnessOf([one, other], T0) },
      { at: later(T0, 299) },
      { at: later(T0, 300) },
      { at: later(T0, 310), freshness: await freshnessOf([one, other], later(T0, 310)) },
    ]),
    'freshness-missing': session('A reader that never had a statement doubts after five minutes.', [
      { at: T0, documents: [one] },
      { at: later(T0, 300) },
      { at: later(T0, 301) },
    ]),
    'freshness-mixed': session('Statement and heads differ for more than twenty seconds: some heads are withheld.', [
      { at: T0, documents: [one], freshness: await freshnessOf([two, other], T0) },
      { at: later(T0, 20) },
      { at: later(T0, 21) },
      { at: later(T0, 22), documents: [two, other] },
    ]),
    'freshness-refused': session('A statement of another signer, one with a false signature, and one of a time far ahead.', [
      { at: T0, documents: [one], freshness: await freshnessOf([one], T0, 'canary-controller') },
      { at: later(T0, 1), freshness: bent(await freshnessOf([one], later(T0, 1))) },
      { at: later(T0, 2), freshness: await freshnessOf([one], later(T0, 400)) },
      { at: later(T0, 3), freshness: await freshnessOf([one], later(T0, 3)) },
      { at: later(T0, 4), freshness: await freshnessOf([one], later(T0, 4), 'rollout', 86_400) },
      { at: later(T0, 5), freshness: await freshnessOf([one], later(T0, 5)) },
      { at: later(T0, 6), freshness: await freshnessOf([other], later(T0, -60)) },
      { at: later(T0, 60) },
    ]),
    'rosters-followed': session('The next roster replaces the key of rollout; heads by the former key no longer count.', [
      { at: T0, documents: [one] },
      { at: T1, rosters: [await rotated()] },
      { at: later(T1, 1), documents: [two] },
      { at: later(T1, 2), documents: [await documentOf(second, { seq: 3, by: 'new rollout' })] },
    ]),
    'rosters-refused': session('A roster that skips a version, or that too few people signed, changes nothing.', [
      { at: T0, rosters: [await rotated(undefined, 3)] },
      { at: T0, rosters: [await rotated(['EPA Chief'])] },
      { at: T0, rosters: [bent(await rotated(['EPA Chief', 'EPA Counsel']))] },
      { at: T0, documents: [one] },
    ]),
    'rosters-people': session('Other people sign from the next roster on: people of the present roster and of the next have to sign it.', [
      { at: T0, documents: [one] },
      { at: later(T0, 1), rosters: [await otherPeople(['new chief', 'new counsel'])] },
      { at: later(T0, 2), rosters: [await otherPeople(['EPA Chief', 'EPA Counsel'])] },
      { at: later(T0, 3), rosters: [await otherPeople(['EPA Chief', 'EPA Counsel', 'new chief'])] },
      { at: later(T0, 4), rosters: [await otherPeople(undefined, { installation: `sha256:${'0'.repeat(64)}` })] },
      { at: later(T0, 5), rosters: [await otherPeople(undefined, { profile: 'production' })] },
      { at: later(T0, 6), rosters: [await otherPeople()] },
      { at: later(T0, 7), documents: [two] },
      {
        at: later(T0, 8),
        documents: [await documentOf(await released({ version: '2.0.0', limit: 25, epoch: 2, by: ['new chief'] }), { seq: 2 })],
      },
    ]),
    'rosters-expired': {
      ...session('A reader whose newest roster has expired doubts, and keeps what is in force.', [
        { at: T0, documents: [one] },
        { at: later(T0, 60) },
        { at: later(T0, 61) },
      ]),
      roster: await rosterOf({ expires: later(T0, 61) }),
    },
    'keys-dated': {
      ...session('A key counts from its `notBefore` on and before its `notAfter`, at the time when the witnesses saw the approval.', [
        { at: T0, documents: [await documentOf(await released({ version: '1.0.0', limit: 35 }, seconds - 1))] },
        { at: T0, documents: [await documentOf(await released({ version: '1.0.0', limit: 35 }, seconds + 60))] },
        { at: T0, documents: [await documentOf(await released({ version: '1.0.0', limit: 35 }, seconds + 59))] },
      ]),
      roster: await rosterOf({ principals: datedPrincipals(T0, later(T0, 60)) }),
    },
    'keys-revoked': {
      ...session('A signature by a key that was revoked before the witnesses saw the approval does not count; an earlier approval does.', [
        { at: T0, documents: [await documentOf(await released({ version: '1.0.0', limit: 35 }, Date.parse(T1) / 1_000))] },
        { at: T0, documents: [await documentOf(await released({ version: '1.0.0', limit: 35 }, Date.parse(T0) / 1_000))] },
      ]),
      roster: await rosterOf({ revoked: [{ keyid: PAIRS['EPA Chief'].keyid, since: later(T0, 1), reason: 'lost' }] }),
    },
  }
}
