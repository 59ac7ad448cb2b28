import type { SigningReason } from './api/approvals.js'
import { canonicalJson, type JsonObject } from './canonical-json.js'
import type { Envelope } from './envelope.js'
import { proofAt, type ProofPlace, ProofTable, type SharedProof } from './log-proof.js'
import type { ReleaseDocument, RolloutPlan, StageAttestations, VersionRef } from './run-dossier.js'

/** Maximum policies of a run. All of them go live together or not at all. */
export const MAX_POLICIES_OF_RUN = 200

/** Data of a run that every stage needs, so that no stage queries another. Each proof occurs once, so 200 policies fit a message. */
export interface RunDossier {
  run: number
  attempt: number
  /** Sorted by policy id; a bundle has several. */
  releases: CarriedRelease[]
  /** Release in force per policy when the run started; `null` for a first version. */
  live: Record<string, CarriedRelease | null>
  /** `seq` of a stable head that names the release in `live`, per policy; 0 if the policy was never live. */
  liveSeqs?: Record<string, number>
  /** Per policy, earlier signed releases with the new release's version, so that a version with two meanings is rejected. */
  used: Record<string, VersionRef[]>
  plan: RolloutPlan
  /** Guard rules in force that apply to these policies. */
  guard?: CarriedRelease[]
  /** Signed in-toto attestations (test result, or verification result) of the stages that these releases passed. */
  attestations?: StageAttestations
  reasons?: SigningReason[]
  proofs: SharedProof[]
}

/** A release in a dossier. The canonical form (RFC 8785) of `statement` is the signed text. */
export interface CarriedRelease extends Omit<ReleaseDocument, 'envelope' | 'proof'> {
  statement: JsonObject
  payloadType: string
  signatures: Envelope['signatures']
  /** Proof that the log contains the approval. Missing until a stage that received the proof adds it. */
  proof?: ProofPlace
}

/** A dossier with its releases as envelopes. */
export interface OpenedDossier extends Pick<RunDossier, 'run' | 'attempt' | 'liveSeqs' | 'used' | 'plan' | 'attestations' | 'reasons'> {
  releases: ReleaseDocument[]
  live: Record<string, ReleaseDocument | null>
  guard?: ReleaseDocument[]
}

export function packDossier({ releases, live, guard, ...rest }: OpenedDossier): RunDossier {
  const table = new ProofTable()
  const packed = ({ envelope: { payload, payloadType, signatures }, proof, ...release }: ReleaseDocument): CarriedRelease => ({
    ...release,
    statement: JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as JsonObject,
    payloadType,
    signatures,
    ...(proof === undefined ? {} : { proof: table.add(proof) }),
  })
  return {
    ...rest,
    releases: releases.map(packed),
    live: mapped(live, packed),
    ...(guard === undefined ? {} : { guard: guard.map(packed) }),
    proofs: table.proofs,
  }
}

/** Returns the dossier with its releases as envelopes. Throws `HMS_PROOF_INVALID` if a release names a missing proof. */
export function openDossier({ releases, live, guard, proofs, ...rest }: RunDossier): OpenedDossier {
  const open = (release: CarriedRelease): ReleaseDocument => openRelease(release, proofs)
  return { ...rest, releases: releases.map(open), live: mapped(live, open), ...(guard === undefined ? {} : { guard: guard.map(open) }) }
}

/** Returns the release with its envelope and proof; `proofs` are the proofs of its dossier. */
export function openRelease(
  { statement, payloadType, signatures, proof, ...release }: CarriedRelease,
  proofs: readonly SharedProof[],
): ReleaseDocument {
  return {
    ...release,
    envelope: { payload: payloadOf(statement), payloadType, signatures },
    ...(proof === undefined ? {} : { proof: proofAt(proofs, proof) }),
  }
}

/** Base64 payloads by statement: a stage opens the same dossier three times, with up to 200 releases. Statements are never modified. */
const payloads = new WeakMap<object, string>()

function payloadOf(statement: CarriedRelease['statement']): string {
  let payload = payloads.get(statement)
  if (payload === undefined) payloads.set(statement, (payload = Buffer.from(canonicalJson(statement)).toString('base64')))
  return payload
}

/** Returns the predicate of a release. Does not verify signatures: callers verified the release before. */
export function predicateIn<T>({ statement }: CarriedRelease): T {
  return statement['predicate'] as T
}

/** Whether the run is a signed rollback to an earlier version. Rollout is its only stage. */
export function isRollbackDossier({ releases }: RunDossier): boolean {
  return releases.some((release) => predicateIn<{ rollback?: unknown }>(release).rollback !== undefined)
}

/** Whether the run is a break-glass: it skips simulation, canary and freezes. Rollout follows lint and verifies the signatures. */
export function isBreakGlassDossier({ releases }: RunDossier): boolean {
  return releases.some((release) => predicateIn<{ breakGlass?: unknown }>(release).breakGlass !== undefined)
}

function mapped<A, B>(all: Record<string, A | null>, change: (one: A) => B): Record<string, B | null> {
  return Object.fromEntries(Object.entries(all).map(([id, one]) => [id, one === null ? null : change(one)]))
}
