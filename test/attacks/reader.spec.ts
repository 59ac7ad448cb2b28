import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigDocument, Envelope } from '#libs/contracts'
import {
  addSignature,
  digestOfJson,
  generateKeyPair,
  localSigner,
  readRoster,
  signEnvelope,
  signFreshness,
  stableDigest,
  type HeadPredicate,
  type ReleasePredicate,
  type RosterPredicate,
} from '#libs/signing'
import { HeldDocuments } from '../../libs/client/src/connection/held-documents.js'
import { ManualClock } from '../../libs/client/src/testing/manual-clock.js'
import { DocumentTrust } from '../../libs/client/src/trust/document-trust.js'
import { ReaderTime } from '../../libs/client/src/trust/reader-time.js'
import { ALONE, digestOf, Office, SEEN } from './office.js'

const NOW = Date.parse('2026-03-02T00:00:00Z')
const office = new Office()

/** A release with its head and proof as a reader receives them, each signed with keys that the attack has. */
interface Shown {
  signers?: readonly string[]
  release?: (release: ReleasePredicate) => void
  /** In place of the release that was approved. */
  envelope?: (release: Envelope) => Envelope | Promise<Envelope>
  head?: (head: HeadPredicate) => void
  headSigner?: string
  entry?: Parameters<Office['entry']>[1]
  proof?: Parameters<Office['proof']>[1]
}

async function shown({
  signers = ['EPA Chief', 'EPA Counsel'],
  release: change,
  envelope,
  head,
  headSigner,
  entry: edits,
  proof,
}: Shown = {}): Promise<ConfigDocument> {
  const approved = await office.release(signers, change)
  const release = (await envelope?.(approved)) ?? approved
  const { id, version } = JSON.parse(Buffer.from(release.payload, 'base64').toString()).predicate.policy as { id: string; version: string }
  const entry = office.entry(release, { releases: [{ id, version, digest: digestOf(release) }], ...edits })
  const signed = await office.head(release, headSigner ?? 'rollout', head)
  return documentOf(signed, release, { entry, member: ALONE, proof: await office.proof(entry, proof) })
}

function documentOf(head: Envelope, release: Envelope | null, proof: ConfigDocument['proof']): ConfigDocument {
  const { policy: id, scope, seq, current: digest } = JSON.parse(Buffer.from(head.payload, 'base64').toString()).predicate as HeadPredicate
  return { id, scope, seq, revision: seq, version: null, digest, run: null, head, release, proof }
}

/** A bot of the National Capital Region, pinned to the office's roster. */
class Bot {
  readonly clock = new ManualClock(NOW)
  readonly trust: DocumentTrust
  readonly held: HeldDocuments

  private constructor(roster: ReturnType<typeof readRoster>) {
    this.trust = new DocumentTrust(() => roster, new ReaderTime(this.clock))
    this.held = new HeldDocuments(this.trust)
  }

  static async pinnedTo(roster: RosterPredicate): Promise<Bot> {
    return new Bot(readRoster(await office.signedRoster(roster)))
  }

  /** Codes of what it refuses. */
  take(...documents: ConfigDocument[]): string[] {
    return this.held.apply(documents, this.clock.now()).map(({ error }) => error.code)
  }

  get limit(): unknown {
    return this.held.inForce({ bot: 'inspector-7', region: 'NCR' }, this.clock.now()).get('lead-limit')?.held.value['limit']
  }
}

const as =
  (epoch: number, limit: number, fallbacks: string[] = []) =>
  (release: ReleasePredicate): void => {
    release.releaseEpoch = epoch
    release.policy = { ...release.policy, version: `${epoch}.0.0`, limit }
    release.fallbacks = fallbacks.map((digest) => ({ version: '1.0.0', digest }))
  }
const numbered =
  (seq: number) =>
  (head: HeadPredicate): void =>
    void (head.seq = seq)
const canary =
  (edit: (head: HeadPredicate) => void = () => {}) =>
  (head: HeadPredicate): void => {
    Object.assign(head, { scope: 'region:NCR', seq: 9, share: 10_000, base: good.digest, expires: '2026-03-02T00:02:00Z' })
    edit(head)
  }

const untagged =
  (droppedTags?: string[]) =>
  (release: ReleasePredicate): void => {
    as(2, 99)(release)
    release.policy = { ...release.policy, tags: ['air'] }
    if (droppedTags !== undefined) release.droppedTags = droppedTags
  }

let good: ConfigDocument
beforeAll(async () => {
  good = await shown()
})

describe('a bot, with root on config-store, Kafka and PostgreSQL against it', () => {
  let bot: Bot
  beforeEach(async () => {
    bot = await Bot.pinnedTo(office.roster())
    expect(bot.take(good)).toEqual([])
    expect(bot.limit).toBe(15)
  })

  const edit =
    (from: string, to: string) =>
    (release: Envelope): Envelope => ({
      ...release,
      payload: Buffer.from(Buffer.from(release.payload, 'base64').toString().replace(from, to)).toString('base64'),
    })
  const resign =
    (from: string, to: string) =>
    (release: Envelope): Promise<Envelope> =>
      signEnvelope(Buffer.from(Buffer.from(release.payload, 'base64').toString().replace(from, to)), [
        office.signer('EPA Chief'),
        office.signer('EPA Counsel'),
      ])
  const next = { release: as(2, 99), head: numbered(4) }

  const attacks: [string, string, () => Promise<ConfigDocument>][] = [
    ['an edited value', 'HMS_HEAD_RELEASE_INVALID', () => shown({ ...next, envelope: edit('"limit":99', '"limit":98') })],
    ['one of two approvers', 'HMS_HEAD_NOT_APPROVED', () => shown({ ...next, signers: ['EPA Chief'] })],
    [
      'one signature twice',
      'HMS_HEAD_NOT_APPROVED',
      () =>
        shown({
          ...next,
          signers: ['EPA Chief'],
          envelope: (release) => ({ ...release, signatures: [release.signatures[0]!, release.signatures[0]!] }),
        }),
    ],
    [
      'an author among the two',
      'HMS_HEAD_NOT_APPROVED',
      () =>
        shown({
          head: numbered(4),
          release: (release) => {
            as(2, 99)(release)
            release.author = 'EPA Counsel'
          },
        }),
    ],
    ['an outsider', 'HMS_HEAD_NOT_APPROVED', () => shown({ ...next, signers: ['EPA Chief', 'nobody'] })],
    [
      'an outsider with a stolen key id',
      'HMS_HEAD_NOT_APPROVED',
      () =>
        shown({
          ...next,
          signers: ['EPA Chief', 'nobody'],
          envelope: (release) => ({
            ...release,
            signatures: [release.signatures[0]!, { ...release.signatures[1]!, keyid: office.people.get('EPA Counsel')!.keyid }],
          }),
        }),
    ],
    ['services among the approvers', 'HMS_HEAD_NOT_APPROVED', () => shown({ ...next, signers: ['EPA Chief', 'rollout'] })],
    [
      'a duplicate key in the JSON',
      'HMS_HEAD_RELEASE_INVALID',
      () => shown({ ...next, envelope: resign('"limit":99', '"limit":99,"limit":98') }),
    ],
    [
      'another payload type',
      'HMS_HEAD_RELEASE_INVALID',
      () => shown({ ...next, envelope: (release) => ({ ...release, payloadType: 'application/json' }) }),
    ],
    ['a plan that was not signed', 'HMS_HEAD_NOT_APPROVED', () => shown({ ...next, envelope: edit('"observeMs":0', '"observeMs":1') })],
    ['a head of an approver', 'HMS_HEAD_SIGNER', () => shown({ ...next, headSigner: 'EPA Chief' })],
    ['a stable head of the canary controller', 'HMS_HEAD_SIGNER', () => shown({ ...next, headSigner: 'canary-controller' })],
    ['a canary head of rollout', 'HMS_HEAD_SIGNER', () => shown({ ...next, head: canary() })],
    ['a head that was changed', 'HMS_HEAD_SIGNATURE', async () => ({ ...good, head: edit('"seq":3', '"seq":4')(good.head), seq: 4 })],
    ['a head as release (type confusion)', 'HMS_HEAD_RELEASE_INVALID', async () => ({ ...(await shown(next)), release: good.head })],
    [
      'a mixture of one head and another release',
      'HMS_HEAD_RELEASE_OTHER',
      async () => ({ ...(await shown(next)), release: good.release, proof: good.proof }),
    ],
    [
      'a head of another policy',
      'HMS_HEAD_RELEASE_OTHER',
      () =>
        shown({
          ...next,
          head: (head) => {
            numbered(4)(head)
            head.policy = 'other-limit'
          },
        }),
    ],
    ['a head without its release', 'HMS_HEAD_RELEASE_MISSING', async () => ({ ...(await shown(next)), release: null })],
    ['a document with another number than its head', 'HMS_HEAD_MALFORMED', async () => ({ ...(await shown(next)), seq: 40 })],
    ['a release that is not in the log', 'HMS_HEAD_NOT_LOGGED', async () => ({ ...(await shown(next)), proof: null })],
    [
      'an entry that is not in the log',
      'HMS_HEAD_NOT_LOGGED',
      async () => {
        const document = await shown(next)
        return { ...document, proof: { ...document.proof!, entry: document.proof!.entry.replace('"run":7', '"run":8') } }
      },
    ],
    [
      'another place among the releases of its approval',
      'HMS_HEAD_NOT_LOGGED',
      async () => {
        const document = await shown(next)
        return { ...document, proof: { ...document.proof!, member: { index: 1, path: [] } } }
      },
    ],
    ['the proof of another release', 'HMS_HEAD_NOT_LOGGED', async () => ({ ...(await shown(next)), proof: good.proof })],
    ['an entry of another kind', 'HMS_HEAD_NOT_LOGGED', () => shown({ ...next, entry: { type: 'hms.lint.passed.v1' } })],
    ['a checkpoint that no witness saw', 'HMS_HEAD_NOT_LOGGED', () => shown({ ...next, proof: { witnessed: false } })],
    ['a forged witness', 'HMS_HEAD_NOT_LOGGED', () => shown({ ...next, proof: { witness: office.stranger } })],
    ['a forged log', 'HMS_HEAD_NOT_LOGGED', () => shown({ ...next, proof: { log: office.stranger } })],
    [
      'a policy that is not yet effective',
      'HMS_RELEASE_NOT_EFFECTIVE',
      () =>
        shown({
          head: numbered(4),
          release: (release) => {
            as(2, 99)(release)
            release.policy = { ...release.policy, effective: '2026-03-02T00:00:01Z' }
          },
        }),
    ],
    ['a replayed head', 'HMS_HEAD_REPLAYED', () => shown({ head: numbered(2) })],
    [
      'a new head with an old release',
      'HMS_RELEASE_BELOW_FLOOR',
      () =>
        shown({
          head: numbered(4),
          release: (release) => {
            as(1, 99)(release)
            release.releaseEpoch = 0
          },
        }),
    ],
    ['another release of the same epoch', 'HMS_RELEASE_BELOW_FLOOR', () => shown({ head: numbered(4), release: as(1, 99) })],
    [
      'a dropped tag that required two',
      'HMS_RELEASE_TAG_DROPPED',
      () => shown({ head: numbered(4), signers: ['EPA Chief'], release: untagged() }),
    ],
    [
      'a dropped tag that required two, and is declared',
      'HMS_HEAD_NOT_APPROVED',
      () => shown({ head: numbered(4), signers: ['EPA Chief'], release: untagged(['critical']) }),
    ],
    [
      'a canary shown in another region',
      'HMS_HEAD_SCOPE',
      () => shown({ release: as(2, 99), headSigner: 'canary-controller', head: canary((head) => void (head.scope = 'region:VA')) }),
    ],
    [
      'a release for one region shown to all',
      'HMS_HEAD_SCOPE',
      () =>
        shown({
          head: numbered(4),
          release: (release) => {
            as(2, 99)(release)
            release.scopes = ['region:NCR']
          },
        }),
    ],
    ['no document at all', 'HMS_HEAD_MALFORMED', async () => ({}) as ConfigDocument],
  ]

  it.each(attacks)('refuses %s', async (_what, code, attack) => {
    expect(bot.take(await attack())).toEqual([code])
    expect(bot.limit).toBe(15)
  })

  it('takes what is signed, logged and newer', async () => {
    expect(bot.take(await shown({ release: as(2, 12), head: numbered(4) }))).toEqual([])
    expect(bot.limit).toBe(12)
  })

  it('accepts a dropped tag with the signatures that the tag requires, and remembers the tag', async () => {
    expect(bot.take(await shown({ release: untagged(['critical']), head: numbered(4) }))).toEqual([])
    expect(bot.limit).toBe(99)
    const third =
      (droppedTags?: string[]) =>
      (release: ReleasePredicate): void => (untagged(droppedTags)(release), void (release.releaseEpoch = 3))
    const reborn = await Bot.pinnedTo(office.roster())
    reborn.trust.restore(JSON.parse(JSON.stringify(bot.trust.remembered())))
    expect(reborn.take(await shown({ release: third(), signers: ['EPA Chief'], head: numbered(5) }))).toEqual(['HMS_RELEASE_TAG_DROPPED'])
    expect(reborn.take(await shown({ release: third(['critical']), head: numbered(5) }))).toEqual([])
  })

  it('is not bound by tags that only a canary showed, nor by those that no role names any more', async () => {
    const plain = await Bot.pinnedTo(office.roster())
    const tagged =
      (epoch: number, tags: string[]) =>
      (release: ReleasePredicate): void => (as(epoch, epoch)(release), void (release.policy['tags'] = tags))
    const stable = await shown({ release: tagged(1, ['air']), signers: ['EPA Chief'] })
    const tried = await shown({
      release: tagged(2, ['critical']),
      headSigner: 'canary-controller',
      head: canary((head) => void (head.base = stable.digest)),
    })
    expect(plain.take(stable, tried, await shown({ release: tagged(3, ['air']), signers: ['EPA Chief'], head: numbered(4) }))).toEqual([])
    const lenient = await Bot.pinnedTo(
      office.roster((roster) => void (roster.roles = roster.roles.filter(({ name }) => name !== 'critical'))),
    )
    lenient.trust.restore(bot.trust.remembered())
    expect(lenient.take(await shown({ release: untagged(), signers: ['EPA Chief'], head: numbered(4) }))).toEqual([])
  })

  it('rolls back to a fallback without new signatures, and no further through the fallback’s own', async () => {
    const oldest = await shown({ release: as(0, 20), head: numbered(1) })
    const first = await shown({ release: as(1, 15, [oldest.digest!]), head: numbered(2) })
    const newest = await shown({ release: as(2, 12, [first.digest!]), head: numbered(3) })
    const reader = await Bot.pinnedTo(office.roster())
    expect(reader.take(oldest, first, newest)).toEqual([])
    const back = await shown({ release: as(1, 15, [oldest.digest!]), head: numbered(4) })
    expect(reader.take(back)).toEqual([])
    expect(reader.limit).toBe(15)
    expect(reader.take(await shown({ release: as(0, 20), head: numbered(5) }))).toEqual(['HMS_RELEASE_BELOW_FLOOR'])
    expect(reader.limit).toBe(15)
  })

  it('takes the newest release again after a rollback, whatever a canary showed meanwhile', async () => {
    const first = await shown({ release: as(1, 15), head: numbered(1) })
    const newest = await shown({ release: as(2, 12, [first.digest!]), head: numbered(2) })
    const reader = await Bot.pinnedTo(office.roster())
    expect(reader.take(first, newest)).toEqual([])
    expect(reader.take(await shown({ release: as(1, 15), head: numbered(3) }))).toEqual([])
    // Prepared while the rollback stood: it names the first as fallback, and not the newest.
    const base = (head: HeadPredicate): void => void (head.base = first.digest)
    expect(reader.take(await shown({ release: as(3, 9, [first.digest!]), headSigner: 'canary-controller', head: canary(base) }))).toEqual(
      [],
    )
    expect(reader.take(await shown({ release: as(2, 12, [first.digest!]), head: numbered(4) }))).toEqual([])
    expect(reader.limit).toBe(12)
    // What a canary showed still binds later canaries, and stable what stable showed.
    const next = (head: HeadPredicate): void => void Object.assign(head, { base: newest.digest, seq: 10 })
    expect(reader.take(await shown({ release: as(2, 99), headSigner: 'canary-controller', head: canary(next) }))).toEqual([
      'HMS_RELEASE_BELOW_FLOOR',
    ])
    expect(reader.take(await shown({ release: as(1, 99), head: numbered(5) }))).toEqual(['HMS_RELEASE_BELOW_FLOOR'])
  })

  it('remembers its floors over a restart, also with an empty copy', async () => {
    bot.take(await shown({ release: as(2, 12), head: numbered(4) }))
    const reborn = await Bot.pinnedTo(office.roster())
    reborn.trust.restore(JSON.parse(JSON.stringify(bot.trust.remembered())))
    expect(reborn.take(good)).toEqual(['HMS_HEAD_REPLAYED'])
    expect(reborn.take(await shown({ head: numbered(6) }))).toEqual(['HMS_RELEASE_BELOW_FLOOR'])
    expect(reborn.limit).toBeUndefined()
  })

  it('leaves a canary when its head expires, by signed time and not by the wall clock', async () => {
    bot.take(await shown({ release: as(2, 12, [good.digest!]), headSigner: 'canary-controller', head: canary() }))
    expect(bot.limit).toBe(12)
    bot.clock.advance(2 * 60_000)
    expect(bot.limit).toBe(15)
  })

  it('judges keys at the time that the witness saw: expired or revoked before then, or only after', async () => {
    const roster = (change: (roster: RosterPredicate) => void) => office.roster(change)
    const key = (predicate: RosterPredicate) => predicate.principals['epa-counsel']!.keys[0]!
    const [before, after] = [-86_400_000, 86_400_000].map((ms) => new Date(Date.parse(SEEN) + ms).toISOString()) as [string, string]
    const cases: [string, string[], (predicate: RosterPredicate) => void][] = [
      ['expired before', ['HMS_HEAD_NOT_APPROVED'], (predicate) => void (key(predicate).notAfter = before)],
      ['expired after', [], (predicate) => void (key(predicate).notAfter = after)],
      [
        'revoked before',
        ['HMS_HEAD_NOT_APPROVED'],
        (predicate) => void (predicate.revoked = [{ keyid: key(predicate).keyid, since: before, reason: 'stolen' }]),
      ],
      ['revoked after', [], (predicate) => void (predicate.revoked = [{ keyid: key(predicate).keyid, since: after, reason: 'stolen' }])],
    ]
    for (const [what, refused, change] of cases) expect([what, (await Bot.pinnedTo(roster(change))).take(good)]).toEqual([what, refused])
  })

  it('accepts what a former log had shown to its witness in time, and nothing that its keys sign later', async () => {
    const [before, after] = [-1_000, 1_000].map((ms) => new Date(Date.parse(SEEN) + ms).toISOString()) as [string, string]
    const [old, renewed] = [office.roster(), office.rosterWithNewLog(after)]
    const { newLog, newWitness } = office
    const cases: [string, string[], RosterPredicate, Shown['proof']][] = [
      ['seen before the end', [], renewed, {}],
      ['seen at the end', ['HMS_HEAD_NOT_LOGGED'], office.rosterWithNewLog(SEEN), {}],
      ['seen after the end', ['HMS_HEAD_NOT_LOGGED'], office.rosterWithNewLog(before), {}],
      ['of a log that the roster forgot', ['HMS_HEAD_NOT_LOGGED'], office.rosterWithNewLog(), {}],
      ['of the new log', [], renewed, { roster: renewed, log: newLog, witness: newWitness }],
      [
        'of the new log, seen by the former witness',
        ['HMS_HEAD_NOT_LOGGED'],
        renewed,
        { roster: { ...old, log: renewed.log! }, log: newLog },
      ],
      [
        'of the former log, seen by the new witness',
        ['HMS_HEAD_NOT_LOGGED'],
        renewed,
        { roster: { ...old, witnesses: renewed.witnesses! }, witness: newWitness },
      ],
      ['of the former log, without a witness', ['HMS_HEAD_NOT_LOGGED'], renewed, { witnessed: false }],
      ['of a stranger in the name of the former log', ['HMS_HEAD_NOT_LOGGED'], renewed, { log: office.stranger }],
    ]
    for (const [what, refused, roster, proof] of cases)
      expect([what, (await Bot.pinnedTo(roster)).take(await shown({ proof }))]).toEqual([what, refused])
  })

  it('counts people: one with two keys is one, and a roster with one key for two is none', async () => {
    const second = generateKeyPair()
    const roster = office.roster(({ principals }) => void principals['epa-chief']!.keys.push({ keyid: second.keyid, spki: second.spki }))
    const reader = await Bot.pinnedTo(roster)
    const twice = await shown({ signers: ['EPA Chief'], envelope: (release) => addSignature(release, localSigner(second.privateKey)) })
    expect(reader.take(twice)).toEqual(['HMS_HEAD_NOT_APPROVED'])
    const shared = office.roster(({ principals }) => void (principals['epa-counsel']!.keys = principals['epa-chief']!.keys))
    await expect(Bot.pinnedTo(shared)).rejects.toMatchObject({ code: 'HMS_ROSTER_INVALID' })
  })
})

describe('a bot that is kept in the dark', () => {
  const word = (heads: Parameters<typeof stableDigest>[0], issuedAt: number, signer = 'rollout') =>
    signFreshness(
      {
        stable: stableDigest(heads),
        roster: 1,
        issuedAt: new Date(issuedAt).toISOString(),
        expires: new Date(issuedAt + 300_000).toISOString(),
      },
      office.signer(signer),
    )
  const stableOf = (bot: Bot) => stableDigest(bot.held.stableHeads())
  let bot: Bot
  beforeEach(async () => {
    bot = await Bot.pinnedTo(office.roster())
    bot.take(good)
  })

  it('doubts when rollout’s freshness statement has expired, or never arrives', async () => {
    expect(bot.trust.doubt(stableOf(bot))).toBeUndefined()
    bot.clock.advance(300_001)
    expect(bot.trust.doubt(stableOf(bot))).toBe('HMS_FRESHNESS_MISSING')
    bot.trust.acceptFreshness(await word(bot.held.stableHeads(), bot.clock.now()))
    expect(bot.trust.doubt(stableOf(bot))).toBeUndefined()
    bot.clock.advance(300_000)
    expect(bot.trust.doubt(stableOf(bot))).toBe('HMS_FRESHNESS_EXPIRED')
  })

  it('doubts when it is shown some heads and not others, after a moment for what is on its way', async () => {
    const other = { policy: 'ozone-limit', seq: 1, current: digestOfJson('ozone') }
    for (const at of [0, 10_000, 20_000]) {
      bot.trust.acceptFreshness(await word([...bot.held.stableHeads(), other], NOW + at))
      expect(bot.trust.doubt(stableOf(bot))).toBeUndefined()
      bot.clock.advance(10_000)
    }
    expect(bot.trust.doubt(stableOf(bot))).toBe('HMS_FRESHNESS_MIXED')
    bot.trust.acceptFreshness(await word(bot.held.stableHeads(), NOW + 40_000))
    expect(bot.trust.doubt(stableOf(bot))).toBeUndefined()
  })

  it('accepts no freshness statement of another signer, nor an older one', async () => {
    for (const signer of ['canary-controller', 'EPA Chief', 'nobody']) {
      const forged = await word(bot.held.stableHeads(), NOW, signer)
      expect(() => bot.trust.acceptFreshness(forged)).toThrow(expect.objectContaining({ code: 'HMS_FRESHNESS_INVALID' }) as Error)
    }
    bot.trust.acceptFreshness(await word(bot.held.stableHeads(), NOW))
    bot.trust.acceptFreshness(await word([], NOW - 1_000))
    bot.clock.advance(60_000)
    expect(bot.trust.doubt(stableOf(bot))).toBeUndefined()
  })

  it.each([
    ['ten minutes', 600_000],
    ['three hours', 10_800_000],
    ['200 days', 200 * 86_400_000],
  ])('refuses a freshness statement dated %s ahead, reports it, and accepts correct ones afterwards', async (_far, aheadMs) => {
    const ahead = await word(bot.held.stableHeads(), NOW + aheadMs)
    expect(() => bot.trust.acceptFreshness(ahead)).toThrow(expect.objectContaining({ code: 'HMS_FRESHNESS_AHEAD' }) as Error)
    expect(bot.trust.doubt(stableOf(bot))).toBe('HMS_FRESHNESS_AHEAD')
    bot.trust.acceptFreshness(await word(bot.held.stableHeads(), NOW))
    expect(bot.trust.doubt(stableOf(bot))).toBeUndefined()
    expect(() => bot.trust.acceptFreshness(ahead)).toThrow(expect.objectContaining({ code: 'HMS_FRESHNESS_AHEAD' }) as Error)
    expect(bot.trust.doubt(stableOf(bot))).toBeUndefined()
    const early = await shown({
      head: numbered(4),
      release: (release) => {
        as(2, 99)(release)
        release.policy = { ...release.policy, effective: new Date(NOW + aheadMs / 2).toISOString() }
      },
    })
    expect(bot.take(early)).toEqual(['HMS_RELEASE_NOT_EFFECTIVE'])
  })

  it('refuses a freshness statement valid for a year, which could be replayed for as long', async () => {
    const stable = stableOf(bot)
    const forever = await signFreshness(
      { stable, roster: 1, issuedAt: new Date(NOW).toISOString(), expires: '2027-03-02T00:00:00Z' },
      office.signer('rollout'),
    )
    expect(() => bot.trust.acceptFreshness(forever)).toThrow(expect.objectContaining({ code: 'HMS_FRESHNESS_AHEAD' }) as Error)
  })

  it('accepted a freshness statement of next year by a wrong clock, and is corrected by the right clock and statement', async () => {
    let skew = 365 * 86_400_000
    const wall = new ManualClock(NOW)
    const time = new ReaderTime({ now: () => wall.now() + skew, elapsed: () => wall.elapsed(), after: (ms, task) => wall.after(ms, task) })
    const trust = new DocumentTrust(() => roster, time)
    const roster = readRoster(await office.signedRoster(office.roster()))
    trust.acceptFreshness(await word([], NOW + skew))
    expect(time.now()).toBe(NOW + skew)
    skew = 0
    trust.acceptFreshness(await word([], NOW))
    expect(time.now()).toBe(NOW)
    // Set back by three hours meanwhile, the wall clock has nothing to say against words that go on in step.
    skew = -3 * 3_600_000
    wall.advance(10_000)
    trust.acceptFreshness(await word([], NOW + 10_000))
    expect(time.now()).toBe(NOW + 10_000)
  })

  it('reports when the newest roster it knows has expired', async () => {
    const reader = await Bot.pinnedTo(office.roster((roster) => void (roster.expires = '2026-03-02T00:01:00Z')))
    reader.take(good)
    reader.trust.acceptFreshness(await word(reader.held.stableHeads(), NOW))
    expect(reader.trust.doubt(stableOf(reader))).toBeUndefined()
    reader.clock.advance(60_000)
    expect([reader.trust.doubt(stableOf(reader)), reader.limit]).toEqual(['HMS_ROSTER_EXPIRED', 15])
  })

  it('ends a canary when its lease has expired by the monotonic clock, though its wall clock is hours behind', async () => {
    const reader = await Bot.pinnedTo(office.roster())
    reader.clock.advance(-3 * 3_600_000)
    const tried = await shown({
      release: as(2, 12, [good.digest!]),
      headSigner: 'canary-controller',
      head: canary((head) => void (head.issuedAt = '2026-03-02T00:00:00Z')),
    })
    expect(reader.take(good, tried)).toEqual([])
    expect(reader.limit).toBe(12)
    reader.clock.advance(2 * 60_000)
    expect(reader.limit).toBe(15)
  })

  it('does not forget over a restart what time was signed', async () => {
    bot.trust.acceptFreshness(await word(bot.held.stableHeads(), NOW + 60_000))
    const reborn = await Bot.pinnedTo(office.roster())
    reborn.clock.advance(-3 * 3_600_000)
    reborn.trust.restore(JSON.parse(JSON.stringify(bot.trust.remembered())))
    expect(
      reborn.take(
        await shown({
          head: numbered(4),
          release: (release) => {
            as(2, 12)(release)
            release.policy = { ...release.policy, effective: '2026-03-02T00:00:30Z' }
          },
        }),
      ),
    ).toEqual([])
    expect(reborn.limit).toBe(12)
  })

  it('uses signed time once it has received one: a wall clock set back or forward has no effect', async () => {
    const wall = new ManualClock(NOW)
    const time = new ReaderTime({ now: () => wall.now() + skew, elapsed: () => wall.elapsed(), after: (ms, task) => wall.after(ms, task) })
    let skew = 0
    time.recordSigned(NOW)
    skew = -3_600_000
    wall.advance(1_000)
    expect(time.now()).toBe(NOW + 1_000)
    time.recordSigned(NOW - 500_000)
    expect(time.now()).toBe(NOW + 1_000)
    time.recordSigned(NOW + 5_000)
    expect(time.now()).toBe(NOW + 5_000)
  })
})
