import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { canonicalJson, offlineBundle, toBase64, utf8, type ConfigDocument, type Envelope, type LogProof } from '#libs/contracts'
import {
  ApprovalTree,
  buildRelease,
  cosign,
  demoRoster,
  formatCheckpoint,
  formatTlogProof,
  HashTree,
  keyIdOf,
  leafHash,
  localSigner,
  NOTE_COSIGNATURE,
  readVkey,
  signEnvelope,
  signFreshness,
  signHead,
  signNote,
  signRoster,
  stableDigest,
  StableTree,
  vkeyOf,
  type HeadPredicate,
  type PreparedRelease,
  type ReleasePredicate,
  type RosterPredicate,
  type Signer,
} from '#libs/signing'

/** One session of a reader: what it is pinned to, what arrives when, and what it must make of it. */
export interface Vector {
  about: string
  reader: { bot?: string; region?: string }
  /** The pinned roster. */
  roster: Envelope
  steps: VectorStep[]
}

export interface VectorStep {
  /** The reader's time, RFC 3339. */
  at: string
  /** Later rosters, in order; then the statement; then the documents. */
  rosters?: Envelope[]
  freshness?: Envelope
  documents?: ConfigDocument[]
  expect?: Expected
}

export interface Expected {
  /** Version of the newest roster that was accepted. */
  roster: number
  /** What was refused in this step, in order: codes of rosters, of the statement, then `ID@SCOPE CODE` of documents. */
  refused: string[]
  /** Policies in force by id: the version, and `limit`. */
  values: Record<string, { version: string; limit: unknown }>
  /** Why the reader cannot confirm that this is the newest; `null` if it can. */
  doubt: string | null
}

export interface BundleVector {
  about: string
  roster: Envelope
  at: string
  /** Text of the bundle, as `hms-svc audit bundle` writes it. */
  bundle: string
  expect?: { policy: string; version: string; approvedBy: string[]; seq: number } | { refused: string }
}

/** Ed25519 key from a seed of 32 equal bytes: the vectors are the same wherever they are made. */
function pairOf(byte: number): { privateKey: KeyObject; spki: string; keyid: string } {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  return { privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'), keyid: keyIdOf(publicKey) }
}

export const PAIRS = {
  'EPA Chief': pairOf(1),
  'EPA Counsel': pairOf(2),
  'Air Office': pairOf(3),
  rollout: pairOf(4),
  'canary-controller': pairOf(5),
  operator: pairOf(6),
  log: pairOf(7),
  witness: pairOf(8),
  stranger: pairOf(9),
  'new rollout': pairOf(10),
  'new chief': pairOf(11),
  'new counsel': pairOf(12),
  'second witness': pairOf(13),
}
export type Name = keyof typeof PAIRS

const signer = (name: Name): Signer => localSigner(PAIRS[name].privateKey)
const PEOPLE = ['EPA Chief', 'EPA Counsel', 'Air Office'] as const

export const rosterPredicate: RosterPredicate = {
  ...demoRoster({
    people: PEOPLE.map((name) => ({ name, spki: PAIRS[name].spki })),
    services: (['rollout', 'canary-controller'] as const).map((name) => ({ name, spki: PAIRS[name].spki })),
    operator: { spki: PAIRS.operator.spki },
    log: { spki: PAIRS.log.spki, witness: PAIRS.witness.spki },
    expires: '2030-01-01T00:00:00Z',
  }),
}

/** Key of a witness that signs a minute after the first. */
export const SECOND_WITNESS = vkeyOf(
  'example.org/witness',
  NOTE_COSIGNATURE,
  Buffer.from(PAIRS['second witness'].spki, 'base64').subarray(-32),
)

export function rosterOf(change: Partial<RosterPredicate> = {}, people: readonly Name[] = PEOPLE): Promise<Envelope> {
  return signRoster({ ...rosterPredicate, ...change }, people.map(signer))
}

/** The next roster: rollout's key is replaced, and the former one revoked. */
export function rotated(people: readonly Name[] = PEOPLE, version = 2): Promise<Envelope> {
  const { keyid, spki } = PAIRS['new rollout']
  const principals = { ...rosterPredicate.principals, rollout: { name: 'rollout', kind: 'service' as const, keys: [{ keyid, spki }] } }
  return rosterOf({ version, principals, revoked: [{ keyid: PAIRS.rollout.keyid, since: T1, reason: 'replaced' }] }, people)
}

/** The next roster: other people hold the places of EPA Chief and EPA Counsel. */
export async function otherPeople(
  people: readonly Name[] = [...PEOPLE, 'new chief', 'new counsel'],
  change: Partial<RosterPredicate> = {},
): Promise<Envelope> {
  const held = (name: Name) => ({ name, kind: 'person' as const, keys: [{ keyid: PAIRS[name].keyid, spki: PAIRS[name].spki }] })
  const [chief, counsel, office] = ['new chief', 'new counsel', 'stranger'] as const
  const places = { 'epa-chief': held(chief), 'epa-counsel': held(counsel), 'air-office': held(office) }
  return rosterOf({ version: 2, principals: { ...rosterPredicate.principals, ...places }, ...change }, people)
}

/** The people of the roster, with bounds on the time of the key of EPA Chief. */
export function datedPrincipals(notBefore: string, notAfter: string): RosterPredicate['principals'] {
  const { keyid, spki } = PAIRS['EPA Chief']
  return { ...rosterPredicate.principals, 'epa-chief': { name: 'EPA Chief', kind: 'person', keys: [{ keyid, spki, notBefore, notAfter }] } }
}

export const T0 = '2026-03-02T09:00:00.000Z'
export const T1 = '2026-03-02T10:00:00.000Z'
export const T2 = '2026-03-02T11:00:00.000Z'

export interface ReleaseOptions {
  id?: string
  version: string
  limit: number
  epoch?: number
  effective?: string
  tags?: string[]
  by?: Name[]
  release?: Partial<ReleasePredicate>
}

export interface Signed {
  prepared: PreparedRelease
  envelope: Envelope
  proof: LogProof
}

/** A release that people signed, and the proof that its approval is in the log, as one of five entries. */
export async function released(options: ReleaseOptions, seconds = 1_772_442_000): Promise<Signed> {
  const { id = 'pm25', version, limit, epoch = 1, effective = '2024-09-01T00:00:00Z', tags = [], by = ['EPA Chief'], release } = options
  const prepared = buildRelease({
    policy: { id, version, effective, limit, tags },
    releaseEpoch: epoch,
    previous: null,
    fallbacks: [],
    scopes: ['global', 'region:NCR'],
    author: 'air-office',
    plan: { share: 5_000, scope: 'region:NCR', scopeName: 'region:NCR', observeMs: 1_000, bakeMs: 1_000, partners: null },
    preparedAt: '2026-03-02T08:00:00Z',
    expires: '2026-03-09T08:00:00Z',
    ...release,
  })
  const envelope = await signEnvelope(prepared.payload, by.map(signer))
  return { prepared, envelope, proof: await proofOf([{ id, version, digest: prepared.digest }], prepared.digest, seconds) }
}

export async function proofOf(
  releases: { id: string; version: string; digest: string }[],
  digest: string,
  seconds: number,
  witnesses: readonly Name[] = ['witness'],
  type = 'hms.approval.approved.v1',
): Promise<LogProof> {
  const approval = new ApprovalTree(releases)
  const facts = { v: 2, at: T0, source: '/hms-svc/approver', type, topic: 'hms.approval.v1', key: 'pm25' }
  const rest = { run: 1, attempt: 1, event: '0195e6a0-0000-7000-8000-000000000001', digest, releases: approval.root }
  const entry = canonicalJson({ ...facts, ...rest })
  const tree = new HashTree()
  for (const other of ['a', 'b', 'c']) tree.append(leafHash(utf8(other)))
  tree.append(leafHash(utf8(entry)))
  tree.append(leafHash(utf8('d')))
  const [log, witness] = [readVkey(rosterPredicate.log!), readVkey(rosterPredicate.witnesses![0]!)]
  const body = formatCheckpoint({ origin: log.name, size: tree.size, root: tree.root() })
  const notes = [await signNote(body, log, signer('log'))]
  for (const name of witnesses) {
    const [key, delay] = name === 'second witness' ? [readVkey(SECOND_WITNESS), 60] : [witness, 0]
    notes.push(await cosign(body, seconds + delay, key, signer(name)))
  }
  const checkpoint = notes.join('')
  return { entry, proof: formatTlogProof({ index: 3, path: tree.inclusion(3), checkpoint }), member: approval.member(digest) }
}

export interface HeadOptions extends Partial<HeadPredicate> {
  by?: Name
  /** Members that replace those of the document. */
  document?: Partial<ConfigDocument>
  held?: Signed
}

/** A document as config-store sends it. */
export async function documentOf(release: Signed | null, { by, document, held, ...head }: HeadOptions = {}): Promise<ConfigDocument> {
  const policy = head.policy ?? release?.prepared.predicate.policy.id ?? 'pm25'
  const { scope = 'global', seq = 1 } = head
  const current = release?.prepared.digest ?? null
  const predicate: HeadPredicate = { policy, scope, seq, current, issuedAt: T0, ...head }
  const envelope = await signHead(predicate, signer(by ?? (scope === 'global' ? 'rollout' : 'canary-controller')))
  return {
    id: policy,
    scope,
    seq,
    revision: seq,
    version: release?.prepared.predicate.policy.version ?? null,
    digest: current,
    run: 1,
    head: envelope,
    release: release?.envelope ?? null,
    proof: release?.proof ?? null,
    ...(held === undefined ? {} : { next: { release: held.envelope, proof: held.proof } }),
    ...document,
  }
}

export function freshnessOf(documents: readonly ConfigDocument[], issuedAt: string, by: Name = 'rollout', lastsS = 300): Promise<Envelope> {
  const heads = documents.filter(({ scope }) => scope === 'global').map(({ id, seq, digest }) => ({ policy: id, seq, current: digest }))
  const expires = new Date(Date.parse(issuedAt) + lastsS * 1_000).toISOString()
  return signFreshness({ stable: stableDigest(heads), tree: new StableTree(heads).root, roster: 1, issuedAt, expires }, signer(by))
}

/** The same time, some seconds later. */
export function later(time: string, seconds: number): string {
  return new Date(Date.parse(time) + seconds * 1_000).toISOString()
}

export function bundleText({ head, release, proof }: ConfigDocument): string {
  return offlineBundle({ head, release: release!, proof: proof! })
}

/** An envelope with one bit of its first signature turned. */
export function bent({ signatures: [first, ...others], ...rest }: Envelope): Envelope {
  const bytes = Buffer.from(first!.sig, 'base64')
  bytes[5]! ^= 1
  return { ...rest, signatures: [{ ...first!, sig: toBase64(bytes) }, ...others] }
}
