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
import { SignatureError } from './signature-error.js'
import { readUnverified, writeStatement, type StatementDocument, type StatementKind } from './statement-kind.js'

export const MAX_FALLBACKS = 5
const MAX_DROPPED_TAGS = 64

/** Marks a release that reinstates an earlier version, signed because no fallback permits it. */
export type RollbackOrder = {
  /** Release whose document it contains. */
  target: ReleaseRef
  reason: string
  /** Release in force at the time of signing; `null` for a withdrawn policy. */
  replaces: ReleaseRef | null
  /** The target was break-glass: lint was the only stage that passed its document. */
  byBreakGlass?: true
}

/** Marks a release that skips simulation, canary, freezes and waiting, with the signed reason. At least two people must sign. */
export type BreakGlassOrder = { reason: string }

export type ReleaseRef = { version: string; /** Release digest. */ digest: string }

export type ReleasePredicate = {
  /** The whole policy as parsed; readers never parse YAML. */
  policy: JsonObject & { id: string; version: string }
  /** Counts the releases of this policy; readers never go below the highest they saw, except to its fallbacks. */
  releaseEpoch: number
  previous: ReleaseRef | null
  /** Releases to which a reader may be reverted without new signatures; at most five. */
  fallbacks: ReleaseRef[]
  scopes: string[]
  /** Tags of earlier versions that a role of the roster names and this one dropped: they still select its approvers. */
  droppedTags?: string[]
  /** Author: a name or id of the roster if known there; the author's signature does not count. */
  author: string | null
  /** Part of the signed bytes, so the last signer cannot substitute another plan. */
  plan: RolloutPlan
  /** Reference to the policy digests of the run's members, including this one. */
  bundle: BundleRef
  rollback?: RollbackOrder
  breakGlass?: BreakGlassOrder
  preparedAt: string
  /** Expiry of an unfinished approval. */
  expires: string
}

export type PreparedRelease = StatementDocument<ReleasePredicate> & { policyDigest: string }

/** A parsed release with its envelope: decoded once, and passed on in this form. */
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

/** Returns the bytes that all approvers sign. Without `bundle` the policy is alone. */
export function buildRelease(predicate: Omit<ReleasePredicate, 'bundle'> & { bundle?: BundleRef }): PreparedRelease {
  const policyDigest = digestOfJson(predicate.policy)
  return { ...writeStatement(RELEASE, { ...predicate, bundle: predicate.bundle ?? bundleOf([policyDigest]) }), policyDigest }
}

/** Reads a release without verifying its signatures: `approvalState` determines its approvers. */
export function readRelease(envelope: unknown): OpenedRelease {
  const document = readUnverified(RELEASE, envelope)
  return { ...document, policyDigest: digestOfJson(document.predicate.policy), envelope: envelope as Envelope }
}

/** Returns the rollback order of a release, if any. Not verified: for readers that verified it before. */
export function rollbackOf({ envelope }: Pick<ReleaseDocument, 'envelope'>): RollbackOrder | undefined {
  return peekPredicate<Pick<ReleasePredicate, 'rollback'>>(envelope).rollback
}

/** Returns the break-glass order of a release, if any. Not verified: for readers that verified it before. */
export function breakGlassOf({ envelope }: Pick<ReleaseDocument, 'envelope'>): BreakGlassOrder | undefined {
  return peekPredicate<Pick<ReleasePredicate, 'breakGlass'>>(envelope).breakGlass
}

/**
 * Returns why a document went to all untested: its release is break-glass, or a rollback reinstated such a document (`reason` is then
 * `null`).
 */
export function breakGlassBehind({
  breakGlass,
  rollback,
}: Pick<ReleasePredicate, 'breakGlass' | 'rollback'>): { reason: string | null } | undefined {
  if (breakGlass !== undefined) return { reason: breakGlass.reason }
  return rollback?.byBreakGlass === true ? { reason: null } : undefined
}

/** Returns why these releases are not exactly the bundle that people approved; `undefined` if they are. */
export function brokenBundle(releases: readonly Pick<ReleaseDocument, 'envelope'>[]): string | undefined {
  try {
    const read = releases.map(({ envelope }) => readRelease(envelope))
    const whole = bundleOf(read.map(({ policyDigest }) => policyDigest))
    const other = read.find(({ predicate }) => !isSameBundle(predicate.bundle, whole))?.predicate
    if (other === undefined) return undefined
    const { policy, bundle } = other
    return `${policy.id}@${policy.version} was approved in a bundle of ${bundle.size}, and these ${whole.size} are another`
  } catch (error) {
    if (error instanceof SignatureError) return error.detail
    throw error
  }
}

/** Returns the effective time of a policy in epoch milliseconds; `NaN` for an invalid time, which never comes. */
export function effectiveMs(policy: JsonObject): number {
  const { effective } = policy
  return typeof effective === 'string' ? Date.parse(effective) : Number.NaN
}

/** Returns the digest that people sign together: the release digest; for a bundle, the digest of its sorted release digests. */
export function approvalDigest(releases: readonly Pick<ReleaseDocument, 'releaseDigest'>[]): string {
  const digests = releases.map(({ releaseDigest }) => releaseDigest).sort()
  return digests.length === 1 ? digests[0]! : digestOfJson(digests)
}
