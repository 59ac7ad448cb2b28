import { beforeAll, describe, expect, it } from 'vitest'
import { canonicalJson, type Envelope } from '#libs/contracts'
import {
  addSignature,
  ApprovalTree,
  digestOfJson,
  generateKeyPair,
  localSigner,
  signEnvelope,
  signRoster,
  statement,
  type HeadPredicate,
  type ReleasePredicate,
  type RosterPredicate,
} from '#libs/signing'
import { verifyBundle } from '#libs/verify'
import { bytesOf, digestOf, Office, SEEN, type Parts } from './office.js'

const DAY_MS = 86_400_000
const later = new Date(Date.parse(SEEN) + DAY_MS).toISOString()
const office = new Office()

describe('a bundle', () => {
  let good: Parts
  beforeAll(async () => {
    good = await office.parts()
  })

  it('proves what was approved, its signers, its head, and when it was witnessed', async () => {
    const { policy, release, proof } = await office.verify(good)
    expect(policy).toMatchObject({ id: 'lead-limit', version: '1.0.0', limit: 15 })
    expect(release).toEqual({
      digest: digestOf(good.release),
      releaseEpoch: 1,
      approvedBy: ['epa-chief', 'epa-counsel'],
      seq: 3,
    })
    expect(proof).toEqual({ index: 1, size: 4, witnessedAt: SEEN })
  })

  it('is marked as break-glass, and is none with one approval', async () => {
    const broken = (release: ReleasePredicate): void => {
      release.policy = { ...release.policy, tags: ['air'] }
      release.plan = { ...release.plan, bakeMs: 1_000 }
      release.breakGlass = { reason: 'wrong sensor' }
    }
    const ordinary = (release: ReleasePredicate): void => {
      broken(release)
      delete release.breakGlass
    }
    expect((await office.verify(await office.parts(['EPA Chief', 'EPA Counsel'], broken))).release.breakGlass).toEqual({
      reason: 'wrong sensor',
    })
    expect((await office.verify(await office.parts(['EPA Chief'], ordinary))).release.approvedBy).toEqual(['epa-chief'])
    await expect(office.verify(await office.parts(['EPA Chief'], broken))).rejects.toMatchObject({
      code: 'HMS_VERIFY_RELEASE',
      message: expect.stringContaining('1 people approved it, 2 are needed') as string,
    })
  })

  it('is stale once the roster has expired, and refused where the roster had when it was seen', async () => {
    const expiring = (expires: string): Parts => ({
      ...good,
      roster: office.roster((roster) => void (roster.expires = expires)),
    })
    expect(await office.verify(good)).not.toHaveProperty('stale')
    expect((await office.verify(expiring(later))).stale).toMatchObject({
      code: 'HMS_ROSTER_EXPIRED',
      detail: expect.stringContaining('Bring the newest roster') as string,
    })
    await expect(office.verify(expiring(SEEN))).rejects.toMatchObject({
      code: 'HMS_VERIFY_ROSTER',
    })
  })

  it('proves a release that is held only from its time on, and no longer the one before it', async () => {
    const next =
      (at: string, named: string) =>
      (head: HeadPredicate): void =>
        void Object.assign(head, { current: digestOfJson('before'), next: { release: named, at } })
    const [past, future] = [SEEN, '2099-01-01T00:00:00Z']
    const named = digestOf(good.release)
    expect(
      (
        await office.verify({
          ...good,
          head: await office.head(good.release, 'rollout', next(past, named)),
        })
      ).release.digest,
    ).toBe(named)
    await expect(
      office.verify({
        ...good,
        head: await office.head(good.release, 'rollout', next(future, named)),
      }),
    ).rejects.toMatchObject({
      code: 'HMS_VERIFY_HEAD',
    })
    const over = await office.head(good.release, 'rollout', (head) => void (head.next = { release: digestOfJson('after'), at: past }))
    await expect(office.verify({ ...good, head: over })).rejects.toMatchObject({
      code: 'HMS_VERIFY_HEAD',
    })
  })

  it('proves a release of a bundle by its place among the others', async () => {
    const { release, proof } = await office.verify({
      ...good,
      ...(await inBundle(good.release, 'lead-limit')),
    })
    expect([release.digest, proof.index]).toEqual([digestOf(good.release), 1])
  })

  it('counts with an empty key id, as cosign writes it', async () => {
    const signatures = good.release.signatures.map(({ sig }) => ({ keyid: '', sig }))
    expect((await office.verify({ ...good, release: { ...good.release, signatures } })).release.approvedBy).toHaveLength(2)
  })

  const attacks: [string, string, (parts: Parts) => Promise<Partial<Parts>>][] = [
    ['an edited value', 'HMS_VERIFY_RELEASE', async ({ release }) => ({ release: edited(release, '"limit":15', '"limit":99') })],
    ['one of two approvers', 'HMS_VERIFY_RELEASE', () => office.parts(['EPA Chief'])],
    ['one signature twice', 'HMS_VERIFY_RELEASE', async () => doubled(await office.parts(['EPA Chief']))],
    ['an outsider', 'HMS_VERIFY_RELEASE', () => office.parts(['EPA Chief', 'nobody'])],
    ['an outsider with a stolen key id', 'HMS_VERIFY_RELEASE', async () => stolen(await office.parts(['EPA Chief', 'nobody']))],
    ['a service among the approvers', 'HMS_VERIFY_RELEASE', () => office.parts(['EPA Chief', 'rollout'])],
    [
      'one person with two keys',
      'HMS_VERIFY_RELEASE',
      async () => {
        const second = generateKeyPair()
        const parts = await office.parts(['EPA Chief'])
        const roster = office.roster(
          ({ principals }) => void principals['epa-chief']!.keys.push({ keyid: second.keyid, spki: second.spki }),
        )
        return {
          ...parts,
          roster,
          release: await addSignature(parts.release, localSigner(second.privateKey)),
        }
      },
    ],
    [
      'one key under two ids',
      'HMS_VERIFY_ROSTER',
      async () => ({
        roster: office.roster(({ principals }) => void (principals['epa-counsel']!.keys = principals['epa-chief']!.keys)),
      }),
    ],
    [
      'a key id that is not its key’s',
      'HMS_VERIFY_ROSTER',
      async () => ({
        roster: office.roster(({ principals }) => void (principals['epa-counsel']!.keys[0]!.keyid = 'SHA256:other')),
      }),
    ],
    [
      'a key that had expired when it was seen',
      'HMS_VERIFY_RELEASE',
      async () => ({
        roster: office.roster(
          ({ principals }) => void (principals['epa-counsel']!.keys[0]!.notAfter = new Date(Date.parse(SEEN) - DAY_MS).toISOString()),
        ),
      }),
    ],
    [
      'a duplicate key in the JSON',
      'HMS_VERIFY_SIGNATURE',
      async ({ release }) => ({
        release: await resigned(release, (text) => text.replace('"limit":15', '"limit":15,"limit":99')),
      }),
    ],
    ['another statement type', 'HMS_VERIFY_SIGNATURE', async ({ head }) => ({ release: head })],
    ['another payload type', 'HMS_VERIFY_SIGNATURE', async ({ release }) => ({ release: { ...release, payloadType: 'application/json' } })],
    ['a policy beside the subject', 'HMS_VERIFY_RELEASE', async () => subjectOfAnother()],
    ['a head of an approver', 'HMS_VERIFY_HEAD', async ({ release }) => ({ head: await office.head(release, 'EPA Chief') })],
    ['a head of the wrong service', 'HMS_VERIFY_HEAD', async ({ release }) => ({ head: await office.head(release, 'canary-controller') })],
    [
      'a head of another policy',
      'HMS_VERIFY_HEAD',
      async ({ release }) => ({
        head: await office.head(release, 'rollout', (head) => void (head.policy = 'other')),
      }),
    ],
    [
      'a head of a canary’s scope',
      'HMS_VERIFY_HEAD',
      async ({ release }) => ({
        head: await office.head(release, 'rollout', (head) => void (head.scope = 'region:NCR')),
      }),
    ],
    [
      'a head that names another release',
      'HMS_VERIFY_HEAD',
      async ({ release }) => ({
        head: await office.head(release, 'rollout', (head) => void (head.current = digestOfJson('x'))),
      }),
    ],
    [
      'an entry of another release',
      'HMS_VERIFY_PROOF',
      async ({ release }) => {
        const entry = office.entry(release, {
          releases: [{ id: 'lead-limit', version: '1.0.0', digest: digestOfJson('x') }],
        })
        return { entry, proof: await office.proof(entry) }
      },
    ],
    ['another position among the releases of the approval', 'HMS_VERIFY_PROOF', async () => ({ member: { index: 1, path: [] } })],
    ['a path to no such approval', 'HMS_VERIFY_PROOF', async () => ({ member: { index: 0, path: [Buffer.alloc(32).toString('base64')] } })],
    ['no position among the releases', 'HMS_VERIFY_PROOF', async () => ({ member: null as never })],
    ['a member of a bundle by the place of another', 'HMS_VERIFY_PROOF', async ({ release }) => inBundle(release, 'ozone-limit')],
    [
      'an entry of another kind',
      'HMS_VERIFY_PROOF',
      async ({ release }) => {
        const entry = office.entry(release, { type: 'hms.lint.passed.v1' })
        return { entry, proof: await office.proof(entry) }
      },
    ],
    ['an entry that is not in the log', 'HMS_VERIFY_PROOF', async ({ entry }) => ({ entry: entry.replace('"run":7', '"run":8') })],
    [
      'a checkpoint that no witness saw',
      'HMS_VERIFY_PROOF',
      async ({ entry }) => ({ proof: await office.proof(entry, { witnessed: false }) }),
    ],
    ['a forged witness', 'HMS_VERIFY_PROOF', async ({ entry }) => ({ proof: await office.proof(entry, { witness: office.stranger }) })],
    ['a forged log', 'HMS_VERIFY_PROOF', async ({ entry }) => ({ proof: await office.proof(entry, { log: office.stranger }) })],
    [
      'a key that was revoked when it was seen',
      'HMS_VERIFY_RELEASE',
      async () => ({
        roster: office.roster((roster) => void (roster.revoked = [revoked('epa-counsel', SEEN)])),
      }),
    ],
    [
      'rollout’s key revoked, whenever',
      'HMS_VERIFY_HEAD',
      async () => ({
        roster: office.roster((roster) => void (roster.revoked = [revoked('rollout', '2035-01-01T00:00:00Z')])),
      }),
    ],
    [
      'a roster whose own role did not sign it',
      'HMS_VERIFY_ROSTER',
      async () => ({
        roster: office.roster(({ principals, roles }) => {
          principals['keeper'] = {
            name: 'Keeper',
            kind: 'person',
            keys: [{ keyid: office.stranger.keyid, spki: office.stranger.spki }],
          }
          roles.push({ name: 'root', principals: ['keeper'], threshold: 1, match: { root: true } })
        }),
      }),
    ],
    ['a log that has changed its key, and that the roster forgot', 'HMS_VERIFY_PROOF', async () => ({ roster: office.rosterWithNewLog() })],
    ['a log of before that counted until it was seen', 'HMS_VERIFY_PROOF', async () => ({ roster: office.rosterWithNewLog(SEEN) })],
    [
      'a log of before, seen by a witness of now',
      'HMS_VERIFY_PROOF',
      async ({ entry }) => {
        const roster = office.rosterWithNewLog(later)
        return {
          roster,
          proof: await office.proof(entry, {
            roster: { ...office.roster(), witnesses: roster.witnesses! },
            witness: office.newWitness,
          }),
        }
      },
    ],
    ['a roster without a quorum', 'HMS_VERIFY_PROOF', async () => ({ roster: office.roster((roster) => void (roster.quorum = 0)) })],
    [
      'a roster without a log',
      'HMS_VERIFY_ROSTER',
      async () => ({
        roster: office.roster((roster) => void (delete roster.log, delete roster.witnesses, delete roster.quorum)),
      }),
    ],
  ]

  it.each(attacks)('is refused for %s', async (_what, code, attack) => {
    await expect(office.verify({ ...good, ...(await attack(good)) })).rejects.toMatchObject({
      code,
    })
  })

  it('stays good when the log has changed its key since, and is as good by the new one', async () => {
    const roster = office.rosterWithNewLog(later)
    const proof = await office.proof(good.entry, {
      roster,
      log: office.newLog,
      witness: office.newWitness,
    })
    for (const parts of [good, { ...good, proof }])
      await expect(office.verify({ ...parts, roster })).resolves.toMatchObject({
        proof: { index: 1, witnessedAt: SEEN },
      })
  })

  it('stays good when a key was revoked only after it was seen, and when a role of one person keeps the roster', async () => {
    const roster = office.roster((edited) => {
      edited.revoked = [revoked('epa-counsel', new Date(Date.parse(SEEN) + DAY_MS).toISOString())]
      edited.roles.push({
        name: 'root',
        principals: ['epa-chief'],
        threshold: 1,
        match: { root: true },
      })
    })
    await expect(office.verify({ ...good, roster })).resolves.toMatchObject({
      release: { approvedBy: ['epa-chief', 'epa-counsel'] },
    })
  })

  it('is refused under a roster that gives a log of before no end', async () => {
    const { roster: _roster, ...parts } = good
    const whole = await office.signedRoster(office.rosterWithNewLog(later))
    const statementOf = JSON.parse(Buffer.from(whole.payload, 'base64').toString()) as {
      predicate: RosterPredicate
      subject: { digest: { sha256: string } }[]
    }
    for (const earlier of statementOf.predicate.earlierLogs!) delete (earlier as { until?: string }).until
    statementOf.subject[0]!.digest.sha256 = digestOfJson(statementOf.predicate as never).slice('sha256:'.length)
    const signed = await signEnvelope(Buffer.from(canonicalJson(statementOf as never)), [
      office.signer('EPA Chief'),
      office.signer('EPA Counsel'),
    ])
    await expect(verifyBundle(bytesOf(parts), { roster: Buffer.from(JSON.stringify(whole)) })).resolves.toBeDefined()
    await expect(verifyBundle(bytesOf(parts), { roster: Buffer.from(JSON.stringify(signed)) })).rejects.toMatchObject({
      code: 'HMS_VERIFY_PROOF',
    })
  })

  it('is refused under a roster that its people did not sign', async () => {
    const { roster, ...parts } = good
    for (const signers of [[], ['EPA Chief'], ['nobody', 'rollout']]) {
      const signed = await signRoster(
        roster,
        signers.map((name) => office.signer(name)),
      )
      await expect(verifyBundle(bytesOf(parts), { roster: Buffer.from(JSON.stringify(signed)) })).rejects.toMatchObject({
        code: 'HMS_VERIFY_ROSTER',
      })
    }
    await expect(verifyBundle(bytesOf(parts), { roster: Buffer.from('{}') })).rejects.toMatchObject({ code: 'HMS_VERIFY_SIGNATURE' })
  })

  it.each(['', '{}', 'null', '{"bundle":2}', '{"bundle":1,"entry":"","proof":1}'])('is not %j', async (text) => {
    const signed = await signRoster(
      good.roster,
      [...office.people.keys()].map((name) => office.signer(name)),
    )
    await expect(verifyBundle(Buffer.from(text), { roster: Buffer.from(JSON.stringify(signed)) })).rejects.toMatchObject({
      code: 'HMS_VERIFY_BUNDLE',
    })
  })
})

function edited(envelope: Envelope, from: string, to: string): Envelope {
  return {
    ...envelope,
    payload: Buffer.from(Buffer.from(envelope.payload, 'base64').toString().replace(from, to)).toString('base64'),
  }
}

/** Both people sign again what was changed: only the form is wrong then. */
async function resigned(envelope: Envelope, change: (text: string) => string): Promise<Envelope> {
  const payload = Buffer.from(change(Buffer.from(envelope.payload, 'base64').toString()))
  return signEnvelope(payload, [office.signer('EPA Chief'), office.signer('EPA Counsel')])
}

function doubled(parts: Parts): Parts {
  const [first] = parts.release.signatures
  return { ...parts, release: { ...parts.release, signatures: [first!, first!] } }
}

function stolen(parts: Parts): Parts {
  const [first, second] = parts.release.signatures
  return {
    ...parts,
    release: {
      ...parts.release,
      signatures: [first!, { keyid: office.people.get('EPA Counsel')!.keyid, sig: second!.sig }],
    },
  }
}

/** The approval of a bundle that the release is one of, and the place there of the one of `id`. */
async function inBundle(release: Envelope, id: string): Promise<Partial<Parts>> {
  const others = ['ozone-limit', 'radon-limit'].map((other) => ({
    id: other,
    version: '1.0.0',
    digest: digestOfJson(other),
  }))
  const releases = [{ id: 'lead-limit', version: '1.0.0', digest: digestOf(release) }, ...others]
  const entry = office.entry(release, { releases })
  const member = new ApprovalTree(releases).member(releases.find((each) => each.id === id)!.digest)
  return { entry, member, proof: await office.proof(entry) }
}

async function subjectOfAnother(): Promise<Partial<Parts>> {
  const predicate = office.predicate()
  const payload = statement(
    'https://hms-svc.dev/attestation/release/v1',
    [{ name: 'lead-limit@1.0.0', digest: { sha256: 'a'.repeat(64) } }],
    predicate,
  )
  const release = await signEnvelope(payload, [office.signer('EPA Chief'), office.signer('EPA Counsel')])
  const entry = office.entry(release)
  return { release, head: await office.head(release), entry, proof: await office.proof(entry) }
}

function revoked(id: string, since: string) {
  return { keyid: office.roster().principals[id]!.keys[0]!.keyid, since, reason: 'stolen' }
}
