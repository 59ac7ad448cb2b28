import { canonicalJson, type ApprovalMember, type Envelope } from '#libs/contracts'
import {
  ApprovalTree,
  buildRelease,
  bundleOf,
  cosign,
  demoRoster,
  digestOfJson,
  formatCheckpoint,
  formatTlogProof,
  generateKeyPair,
  HashTree,
  leafHash,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  readVkey,
  signEnvelope,
  signHead,
  signNote,
  signRoster,
  vkeyOf,
  type ApprovedRelease,
  type HeadPredicate,
  type KeyPair,
  type ReleasePredicate,
  type RosterPredicate,
  type Signer,
} from '#libs/signing'
import { verifyBundle, type VerifiedBundle } from '#libs/verify'

/** When the witness of the office saw its log. */
export const SEEN = '2026-03-01T00:00:00.000Z'

/** Place of a release in an approval of one. */
export const ALONE: ApprovalMember = { index: 0, path: [] }

export interface Parts {
  roster: RosterPredicate
  release: Envelope
  head: Envelope
  entry: string
  member: ApprovalMember
  proof: string
}

/** What a bundle is made of, by people and services whose keys the test has. */
export class Office {
  readonly people = new Map(['EPA Chief', 'EPA Counsel', 'Air Office'].map((name) => [name, generateKeyPair()]))
  readonly services = new Map(['rollout', 'canary-controller'].map((name) => [name, generateKeyPair()]))
  readonly operator = generateKeyPair()
  readonly log = generateKeyPair()
  readonly witness = generateKeyPair()
  /** Keys that log and witness change to. */
  readonly newLog = generateKeyPair()
  readonly newWitness = generateKeyPair()
  readonly stranger = generateKeyPair()

  roster(change: (roster: RosterPredicate) => void = () => {}): RosterPredicate {
    const members = (keys: Map<string, KeyPair>) => [...keys].map(([name, { spki }]) => ({ name, spki }))
    const roster = demoRoster({
      people: members(this.people),
      services: members(this.services),
      operator: this.operator,
      log: { spki: this.log.spki, witness: this.witness.spki },
      expires: '2036-01-01T00:00:00Z',
    })
    change(roster)
    return roster
  }

  /** After log and witness have changed their keys. `until`: how long those before go on counting; they do not without it. */
  rosterWithNewLog(until?: string): RosterPredicate {
    return this.roster((roster) => {
      const { log, witnesses, quorum } = roster as Required<RosterPredicate>
      const renewed = (vkey: string, type: number, keys: KeyPair): string => vkeyOf(readVkey(vkey).name, type, rawPublicKey(keys.publicKey))
      if (until !== undefined) roster.earlierLogs = [{ log, witnesses, quorum, until }]
      roster.log = renewed(log, NOTE_ED25519, this.newLog)
      roster.witnesses = [renewed(witnesses[0]!, NOTE_COSIGNATURE, this.newWitness)]
    })
  }

  signer(name: string): Signer {
    return localSigner((this.people.get(name) ?? this.services.get(name) ?? this.stranger).privateKey)
  }

  async release(signers: readonly string[], change: (release: ReleasePredicate) => void = () => {}): Promise<Envelope> {
    return signEnvelope(
      buildRelease(this.predicate(change)).payload,
      signers.map((name) => this.signer(name)),
    )
  }

  predicate(change: (release: ReleasePredicate) => void = () => {}): ReleasePredicate {
    const policy = { id: 'lead-limit', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 15, tags: ['critical', 'air'] }
    const plan = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null }
    const predicate: ReleasePredicate = {
      policy,
      releaseEpoch: 1,
      previous: null,
      fallbacks: [],
      scopes: ['global'],
      author: null,
      plan,
      preparedAt: '2026-02-01T00:00:00Z',
      expires: '2026-02-08T00:00:00Z',
    } as unknown as ReleasePredicate
    change(predicate)
    return { ...predicate, bundle: bundleOf([digestOfJson(predicate.policy)]) }
  }

  head(release: Envelope, signer = 'rollout', change: (head: HeadPredicate) => void = () => {}): Promise<Envelope> {
    const head: HeadPredicate = {
      policy: 'lead-limit',
      scope: 'global',
      seq: 3,
      current: digestOf(release),
      issuedAt: '2026-02-01T00:00:00Z',
    }
    change(head)
    return signHead(head, this.signer(signer))
  }

  /** `releases`: what the approval is of; the release alone, unless given. */
  entry(release: Envelope, { releases: approved, ...change }: { releases?: ApprovedRelease[]; [member: string]: unknown } = {}): string {
    const releases = new ApprovalTree(approved ?? [{ id: 'lead-limit', version: '1.0.0', digest: digestOf(release) }]).root
    return canonicalJson({ v: 2, type: 'hms.approval.approved.v1', run: 7, releases, ...change } as never)
  }

  /** `roster`: whose log and witness sign; `log`, `witness`: with which keys they do. */
  async proof(
    entry: string,
    {
      witnessed = true,
      log = this.log,
      witness = this.witness,
      at = SEEN,
      roster = this.roster(),
    }: { witnessed?: boolean; log?: KeyPair; witness?: KeyPair; at?: string; roster?: RosterPredicate } = {},
  ): Promise<string> {
    const tree = new HashTree()
    for (const text of ['before', entry, 'after', 'later']) tree.append(leafHash(Buffer.from(text)))
    const [logKey, witnessKey] = [readVkey(roster.log!), readVkey(roster.witnesses![0]!)]
    const body = formatCheckpoint({ origin: logKey.name, size: tree.size, root: tree.root() })
    const note = await signNote(body, logKey, localSigner(log.privateKey))
    const line = witnessed ? await cosign(body, Date.parse(at) / 1_000, witnessKey, localSigner(witness.privateKey)) : ''
    return formatTlogProof({ index: 1, path: tree.inclusion(1), checkpoint: note + line })
  }

  async parts(
    signers: readonly string[] = ['EPA Chief', 'EPA Counsel'],
    change: (release: ReleasePredicate) => void = () => {},
  ): Promise<Parts> {
    const release = await this.release(signers, change)
    const entry = this.entry(release)
    return { roster: this.roster(), release, head: await this.head(release), entry, member: ALONE, proof: await this.proof(entry) }
  }

  signedRoster(roster: RosterPredicate): Promise<Envelope> {
    return signRoster(
      roster,
      [...this.people.keys()].map((name) => this.signer(name)),
    )
  }

  async verify({ roster, ...parts }: Parts): Promise<VerifiedBundle> {
    const signed = await this.signedRoster(roster)
    return verifyBundle(bytesOf(parts), { roster: Buffer.from(JSON.stringify(signed)) })
  }
}

export function digestOf(envelope: Envelope): string {
  return digestOfBytes(Buffer.from(envelope.payload, 'base64'))
}

function digestOfBytes(bytes: Buffer): string {
  return digestOfJson(JSON.parse(bytes.toString()) as never)
}

export function bytesOf(parts: Omit<Parts, 'roster'>): Buffer {
  return Buffer.from(JSON.stringify({ bundle: 1, ...parts }))
}
