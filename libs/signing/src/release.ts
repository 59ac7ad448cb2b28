import {
  MAX_METRICS,
  MAX_RAMP_STEPS,
  peekPredicate,
  type Envelope,
  type JsonObject,
  type ReleaseDocument,
  type RolloutPlan,
} from '#libs/contracts'
import { bundleOf, isBundleRef, isSameBundle, type BundleRef } from './bundle.js'
import { digestOfJson, hexOf, isDigest } from './digest.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import { isBasisPoints, isCount, isString, isText, isTime, listOf, nullable, objectOf, oneOf, optional, type Check } from './shape.js'
import { orRefusal, SignatureError } from './signature-error.js'
import { readUnverified, writeStatement, type StatementDocument, type StatementKind } from './statement-kind.js'

export const MAX_FALLBACKS = 5
const MAX_DROPPED_TAGS = 64

/** Part of a release that reinstates an earlier version and needs signatures, because no fallback permits the rollback. */
export type RollbackOrder = {
  /** Release whose policy document is reinstated. */
  target: ReleaseRef
  reason: string
  /** Release in force when the rollback was prepared; `null` for a withdrawn policy. */
  replaces: ReleaseRef | null
  /** Set if the target was a break-glass release, whose document passed no stage except lint. */
  byBreakGlass?: true
}

/** Part of a release that skips simulation, canary, freezes and the queue, with the signed reason. At least two people must sign. */
export type BreakGlassOrder = { reason: string }

export type ReleaseRef = { version: string; /** Release digest. */ digest: string }

export type ReleasePredicate = {
  /** The whole policy as parsed; readers never parse YAML. */
  policy: JsonObject & { id: string; version: string }
  /** Counts the releases of this policy. Readers reject a lower epoch than the highest one they have seen, except for its fallbacks. */
  releaseEpoch: number
  previous: ReleaseRef | null
  /** Releases to which readers may be reverted without new signatures; at most `MAX_FALLBACKS`. */
  fallbacks: ReleaseRef[]
  scopes: string[]
  /** Tags of earlier versions that this version dropped although a role of the roster names them. They still select its approvers. */
  droppedTags?: string[]
  /** Name or id of the author. The signature of an author in the roster does not count as approval unless the roster permits it. */
  author: string | null
  /** Plan of the rollout. It is signed, so that the last signer cannot substitute another plan. */
  plan: RolloutPlan
  /** Reference to the policy digests of all members of the bundle, including this policy. */
  bundle: BundleRef
  rollback?: RollbackOrder
  breakGlass?: BreakGlassOrder
  preparedAt: string
  /** Expiry of the preparation, if signatures are still missing by then. */
  expires: string
}

export type PreparedRelease = StatementDocument<ReleasePredicate> & { policyDigest: string }

/** A parsed release with its envelope, so that it is decoded only once. */
export type OpenedRelease = PreparedRelease & { envelope: Envelope }

const isReleaseRef = objectOf({ version: isText, digest: isDigest })
const isPolicy: Check = objectOf({ id: isText, version: isText })
const isPlan = objectOf({
  share: isBasisPoints,
  scope: isText,
  scopeName: isString,
  observeMs: isCount,
  bakeMs: isCount,
  partners: nullable(listOf(isText)),
  requireEvidence: optional(oneOf(true)),
  requirePower: optional(oneOf(true)),
  metrics: optional(listOf(objectOf({ name: isText, query: isText }), MAX_METRICS)),
  ramp: optional(listOf(objectOf({ share: isBasisPoints, scope: isText, scopeName: isString }), MAX_RAMP_STEPS)),
})

const RELEASE: StatementKind<ReleasePredicate> = {
  predicateType: PREDICATE_TYPES.release,
  shape: {
    policy: isPolicy,
    releaseEpoch: isCount,
    previous: nullable(isReleaseRef),
    fallbacks: listOf(isReleaseRef, MAX_FALLBACKS),
    scopes: listOf(isText),
    droppedTags: optional(listOf(isText, MAX_DROPPED_TAGS)),
    author: nullable(isText),
    plan: isPlan,
    bundle: isBundleRef,
    rollback: optional(
      objectOf({ target: isReleaseRef, reason: isString, replaces: nullable(isReleaseRef), byBreakGlass: optional(oneOf(true)) }),
    ),
    breakGlass: optional(objectOf({ reason: isText })),
    preparedAt: isTime,
    expires: isTime,
  },
  subject: ({ policy }) => ({ name: `${policy.id}@${policy.version}`, digest: { sha256: hexOf(digestOfJson(policy)) } }),
  contradiction({ bundle, policy, rollback, breakGlass, plan }) {
    if (breakGlass !== undefined && rollback !== undefined) return 'break-glass is for a new version, and a rollback needs none'
    if (breakGlass !== undefined && (breakGlass.reason.trim() === '' || plan.bakeMs === 0)) return 'break-glass has a reason, and bakes'
    const first = plan.ramp?.[0]
    if (plan.ramp !== undefined && (first?.share !== plan.share || first.scope !== plan.scope))
      return 'the ramp begins elsewhere than the canary'
    const isOther = bundle.size <= 1 && !isSameBundle(bundle, bundleOf([digestOfJson(policy)]))
    return isOther ? 'bundle leaves out the policy itself' : undefined
  },
}

/** Returns the bytes that all approvers sign. Without `bundle` the release is a bundle of one. */
export function buildRelease(predicate: Omit<ReleasePredicate, 'bundle'> & { bundle?: BundleRef }): PreparedRelease {
  const policyDigest = digestOfJson(predicate.policy)
  return { ...writeStatement(RELEASE, { ...predicate, bundle: predicate.bundle ?? bundleOf([policyDigest]) }), policyDigest }
}

/** Reads a release. Does not verify signatures: `approvalState` does. */
export function readRelease(envelope: unknown): OpenedRelease {
  const document = readUnverified(RELEASE, envelope)
  return { ...document, policyDigest: digestOfJson(document.predicate.policy), envelope: envelope as Envelope }
}

export function refOf({ version, releaseDigest: digest }: ReleaseDocument): ReleaseRef {
  return { version, digest }
}

/** Returns the rollback order of a release, if any. Does not verify signatures: callers verified the release before. */
export function rollbackOf({ envelope }: Pick<ReleaseDocument, 'envelope'>): RollbackOrder | undefined {
  return peekPredicate<Pick<ReleasePredicate, 'rollback'>>(envelope).rollback
}

/** Returns the break-glass order of a release, if any. Does not verify signatures: callers verified the release before. */
export function breakGlassOf({ envelope }: Pick<ReleaseDocument, 'envelope'>): BreakGlassOrder | undefined {
  return peekPredicate<Pick<ReleasePredicate, 'breakGlass'>>(envelope).breakGlass
}

/**
 * Returns the reason for which a document went live for all without simulation and canary: its release is a break-glass, or a rollback
 * reinstated the document of one (`reason` is `null` then). Returns `undefined` for other releases.
 */
export function effectiveBreakGlass({
  breakGlass,
  rollback,
}: Pick<ReleasePredicate, 'breakGlass' | 'rollback'>): { reason: string | null } | undefined {
  if (breakGlass !== undefined) return { reason: breakGlass.reason }
  return rollback?.byBreakGlass === true ? { reason: null } : undefined
}

/** Returns why these releases are not exactly the bundle that people approved; `undefined` if they match. */
export function brokenBundle(releases: readonly Pick<ReleaseDocument, 'envelope'>[]): string | undefined {
  const broken = orRefusal(() => {
    const read = releases.map(({ envelope }) => readRelease(envelope))
    const whole = bundleOf(read.map(({ policyDigest }) => policyDigest))
    const other = read.find(({ predicate }) => !isSameBundle(predicate.bundle, whole))?.predicate
    if (other === undefined) return undefined
    const { policy, bundle } = other
    return `${policy.id}@${policy.version} was approved in a bundle of ${bundle.size}, and these ${whole.size} are another`
  })
  return broken instanceof SignatureError ? broken.detail : broken
}

/** Returns the effective time of a policy in epoch milliseconds; `NaN` for an invalid time. */
export function effectiveMs(policy: JsonObject): number {
  const { effective } = policy
  return typeof effective === 'string' ? Date.parse(effective) : Number.NaN
}

/** Returns the digest of an approval: the release digest; for a bundle, the digest of its sorted release digests. */
export function approvalDigest(releases: readonly Pick<ReleaseDocument, 'releaseDigest'>[]): string {
  const digests = releases.map(({ releaseDigest }) => releaseDigest).sort()
  return digests.length === 1 ? digests[0]! : digestOfJson(digests)
}
