import type { SigningReason } from './api/approvals.js'
import { canonicalJson, type JsonObject } from './canonical-json.js'
import type { Envelope } from './envelope.js'
import type { SharedProof } from './log-proof.js'
import type { ReleaseDocument, RolloutPlan, StageAttestations, VersionRef } from './run-dossier.js'
import { proofAt, ProofTable, type ProofPlace } from './shared-proofs.js'

/** Policies of a run: they go live together or not at all. */
export const MAX_POLICIES_OF_RUN = 200

/**
 * What every stage needs of a run: it travels with the events, nobody looks anything up. A bundle of 200 policies fits, because each proof
 * travels once, and a release as the statement that was signed instead of base64 of it.
 */
export interface RunDossier {
  run: number
  attempt: number
  /** Sorted by policy id; a bundle has several. */
  releases: CarriedRelease[]
  /** The release in force per policy when the run started; `null` for a first version. */
  live: Record<string, CarriedRelease | null>
  /** Number of a stable head that says so, per policy; 0 for one that was never live. */
  liveSeqs?: Record<string, number>
  /** Per policy what its new version was signed as before, if it was: a version never means two things. */
  used: Record<string, VersionRef[]>
  plan: RolloutPlan
  /** Guard rules in force that speak of these policies. */
  guard?: CarriedRelease[]
  /** What the stages that it went through say of these releases: in-toto test results and verification results, each by its own key. */
  attestations?: StageAttestations
  /** Why people signed, in their own words. */
  reasons?: SigningReason[]
  proofs: SharedProof[]
}

/** A release in a dossier. The canonical form (RFC 8785) of `statement` is what was signed. */
export interface CarriedRelease {
  id: string
  version: string
  policyDigest: string
  releaseDigest: string
  releaseEpoch: number
  statement: JsonObject
  payloadType: string
  signatures: Envelope['signatures']
  /** From the moment that a stage knew it. */
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

/** Throws `HMS_PROOF_INVALID` for a release that names a proof which is not there. */
export function openDossier({ releases, live, guard, proofs, ...rest }: RunDossier): OpenedDossier {
  const open = (release: CarriedRelease): ReleaseDocument => openRelease(release, proofs)
  return {
    ...rest,
    releases: releases.map(open),
    live: mapped(live, open),
    ...(guard === undefined ? {} : { guard: guard.map(open) }),
  }
}

/** `proofs`: of the dossier that carries it. */
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

/** A stage opens the same dossier for its guard, its start and its heads: up to 200 releases each time. Nobody changes a statement. */
const payloads = new WeakMap<object, string>()

function payloadOf(statement: CarriedRelease['statement']): string {
  let payload = payloads.get(statement)
  if (payload === undefined) payloads.set(statement, (payload = Buffer.from(canonicalJson(statement)).toString('base64')))
  return payload
}

/** Its predicate, not verified: for readers that verified before. */
export function predicateIn<T>({ statement }: CarriedRelease): T {
  return statement['predicate'] as T
}

/** People signed it to bring an earlier version back: it passes no stage, and rollout alone brings it. */
export function isRollbackDossier({ releases }: RunDossier): boolean {
  return releases.some((release) => predicateIn<{ rollback?: unknown }>(release).rollback !== undefined)
}

/** Several people sent it past simulation, canary and freezes: it goes from lint to rollout, which asks for their signatures. */
export function isBreakGlassDossier({ releases }: RunDossier): boolean {
  return releases.some((release) => predicateIn<{ breakGlass?: unknown }>(release).breakGlass !== undefined)
}

function mapped<A, B>(all: Record<string, A | null>, change: (one: A) => B): Record<string, B | null> {
  return Object.fromEntries(Object.entries(all).map(([id, one]) => [id, one === null ? null : change(one)]))
}
