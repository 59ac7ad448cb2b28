import { canonicalJson, type Envelope, type JsonObject } from '#libs/contracts'
import {
  ApprovalTree,
  bundleOf,
  buildRelease,
  cosign,
  demoRoster,
  digestOfJson,
  formatCheckpoint,
  formatTlogProof,
  generateKeyPair,
  HashTree,
  leafHash,
  localSigner,
  readRoster,
  signEnvelope,
  signHead,
  signNote,
  signRoster,
  type ReleasePredicate,
  type Roster,
} from '#libs/signing'

export interface SampleBundle {
  bundle: Buffer
  /** As `verifyBundle` takes it. */
  roster: Buffer
  release: Envelope
  parsed: { roster: Roster; policy: JsonObject }
}

/** What `audit bundle` writes of a policy that needs two people, in a log of 1,000 entries. */
export async function sampleBundle(): Promise<SampleBundle> {
  const chief = generateKeyPair()
  const counsel = generateKeyPair()
  const rollout = generateKeyPair()
  const log = generateKeyPair()
  const witness = generateKeyPair()
  const predicate = demoRoster({
    people: [
      { name: 'EPA Chief', spki: chief.spki },
      { name: 'EPA Counsel', spki: counsel.spki },
    ],
    services: [{ name: 'rollout', spki: rollout.spki }],
    operator: generateKeyPair(),
    log: { spki: log.spki, witness: witness.spki },
    expires: '2036-01-01T00:00:00Z',
  })
  const signers = [chief, counsel].map(({ privateKey }) => localSigner(privateKey))
  const rosterEnvelope = await signRoster(predicate, signers)
  const roster = readRoster(rosterEnvelope)
  const policy = { id: 'lead-limit', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 15, tags: ['critical', 'air'] }
  const plan = { share: 500, scope: 'NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null }
  const { payload, digest } = buildRelease({
    policy,
    releaseEpoch: 1,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author: null,
    plan,
    bundle: bundleOf([digestOfJson(policy)]),
    preparedAt: '2026-02-01T00:00:00Z',
    expires: '2026-02-08T00:00:00Z',
  } as unknown as ReleasePredicate)
  const release = await signEnvelope(payload, signers)
  const head = await signHead(
    { policy: 'lead-limit', scope: 'global', seq: 3, current: digest, issuedAt: '2026-02-01T00:00:00Z' },
    localSigner(rollout.privateKey),
  )
  const entry = canonicalJson({
    v: 2,
    type: 'hms.approval.approved.v1',
    run: 7,
    releases: new ApprovalTree([{ id: 'lead-limit', version: '1.0.0', digest }]).root,
  })
  const tree = new HashTree()
  for (let index = 0; index < 1_000; index++) tree.append(leafHash(Buffer.from(index === 500 ? entry : `entry ${index}`)))
  const { log: logKey, witnesses } = roster.logPolicy!
  const body = formatCheckpoint({ origin: logKey.name, size: tree.size, root: tree.root() })
  const seen = Date.parse('2026-03-01T00:00:00Z') / 1_000
  const note =
    (await signNote(body, logKey, localSigner(log.privateKey))) + (await cosign(body, seen, witnesses[0]!, localSigner(witness.privateKey)))
  const proof = formatTlogProof({ index: 500, path: tree.inclusion(500), checkpoint: note })
  return {
    bundle: Buffer.from(JSON.stringify({ bundle: 1, release, head, entry, member: { index: 0, path: [] }, proof })),
    roster: Buffer.from(JSON.stringify(rosterEnvelope)),
    release,
    parsed: { roster, policy },
  }
}
