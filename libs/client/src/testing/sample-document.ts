import type { ConfigDocument, Envelope, Json, StreamFrame } from '#libs/contracts'
import {
  buildRelease,
  digestOfJson,
  PREDICATE_TYPES,
  signerFor,
  stableDigest,
  StableTree,
  statement,
  type HeadPredicate,
  type ReleasePredicate,
  type StableHead,
} from '#libs/signing'
import { signedBy, type SampleSigner } from './sample-trust.js'

/** Options of a sample document: members of its head, and its policy, release members and signers. */
export interface SampleHead extends Partial<Omit<HeadPredicate, 'policy' | 'current'>> {
  /** `null` creates a document without a release: a withdrawal, or the end of a first version's canary. */
  policy: { id: string; version: string; [field: string]: Json | undefined } | null
  id?: string
  revision?: number
  /** Members of the release that replace or extend the defaults. */
  release?: Partial<ReleasePredicate>
  approvedBy?: SampleSigner[]
  headSignedBy?: SampleSigner
}

const AT = '2024-09-01T00:00:00Z'

/**
 * Creates a document as config-store returns it, signed with keys of the sample roster. The release epoch is derived from the version: 15
 * for 1.5.0.
 */
export function sampleDocument(sample: SampleHead): ConfigDocument {
  const {
    policy,
    id = policy?.id ?? 'epa-pm25-limit',
    scope = 'global',
    seq = 1,
    revision = seq,
    release: members,
    approvedBy,
    headSignedBy,
    ...head
  } = sample
  const release = policy === null ? null : releaseOf({ effective: AT, ...policy }, scope, members)
  const digest = release?.digest ?? null
  const predicate: HeadPredicate = { policy: id, scope, seq, current: digest, issuedAt: AT, ...head }
  return {
    id,
    scope,
    seq,
    revision,
    digest,
    version: policy?.version ?? null,
    run: null,
    head: signedBy(statementOf('head', `${id}@${scope}`, predicate), headSignedBy ?? (signerFor(scope) as SampleSigner)),
    release: release === null ? null : signedBy(release.payload, ...(approvedBy ?? ['EPA Chief'])),
    proof: null,
  }
}

/** Creates rollout's freshness statement on these stable heads. */
export function sampleFreshness(heads: readonly StableHead[], issuedAt: string, expires: string, roster = 1): Envelope {
  const said = { stable: stableDigest(heads), tree: new StableTree(heads).root, roster, issuedAt, expires }
  return signedBy(statementOf('freshness', 'stable heads', said), 'rollout')
}

function releaseOf(policy: ReleasePredicate['policy'], scope: string, members: Partial<ReleasePredicate> = {}) {
  const canaryScope = scope === 'global' ? 'region:NCR' : scope
  const [major = 0, minor = 0] = policy.version.split('.').map(Number)
  return buildRelease({
    policy,
    releaseEpoch: 10 * major + minor,
    previous: null,
    fallbacks: [],
    scopes: ['global', canaryScope],
    author: null,
    plan: { share: 500, scope: canaryScope, scopeName: canaryScope, observeMs: 1_000, bakeMs: 1_000, partners: null },
    preparedAt: AT,
    expires: '2034-09-08T00:00:00Z',
    ...members,
  })
}

function statementOf(kind: 'head' | 'freshness', name: string, predicate: object): Uint8Array {
  return statement(PREDICATE_TYPES[kind], [{ name, digest: { sha256: digestOfJson(predicate).slice('sha256:'.length) } }], predicate)
}

/** Creates the body of `GET /v1/snapshot`: documents with proofs by a freshness statement of five minutes on the heads of `stated`. */
export function sampleFrame(documents: ConfigDocument[], atMs: number, stated = documents): StreamFrame {
  const heads = stated.map(({ id, seq, digest }) => ({ policy: id, seq, current: digest }))
  const freshness = sampleFreshness(heads, new Date(atMs).toISOString(), new Date(atMs + 300_000).toISOString())
  const tree = new StableTree(heads)
  const standing = Object.fromEntries(documents.map(({ id }) => [id, tree.proofOf(id)]))
  return { type: 'snapshot', revision: 9, changes: [], documents, freshness, standing }
}
