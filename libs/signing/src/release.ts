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

/** That a release brings back an earlier version, which people signed because no fallback names it. */
export type RollbackOrder = {
  /** The release whose document it carries. */
  target: ReleaseRef
  reason: string
  /** What is in force while people sign; `null` for a policy that was withdrawn. */
  replaces: ReleaseRef | null
  /** The target was break-glass: of the stages only lint let its document through. */
  byBreakGlass?: true
}

/** That a release skips simulation, canary, freezes and waiting: people signed that, and why. Two of them at least must. */
export type BreakGlassOrder = { reason: string }

export type ReleaseRef = { version: string; /** Release digest. */ digest: string }

export type ReleasePredicate = {
  /** The whole policy as parsed; readers never parse YAML. */
  policy: JsonObject & { id: string; version: string }
  /** Counts the releases of this policy; readers never go back behind the highest they saw, fallbacks apart. */
  releaseEpoch: number
  previous: ReleaseRef | null
  /** What a reader may be taken back to without new signatures; five at most. */
  fallbacks: ReleaseRef[]
  scopes: string[]
  /** Tags of earlier versions that a role of the roster names and this one no longer carries: they still choose who approves it. */
  droppedTags?: string[]
  /** Who wrote it: a name or id of the roster where it knows the author; whose signature counts for nothing. */
  author: string | null
  /** Part of what is signed, so nobody can slip in another plan with the last signature. */
  plan: RolloutPlan
  /** Of the policy digests of the run's members, this one included. */
  bundle: BundleRef
  rollback?: RollbackOrder
  breakGlass?: BreakGlassOrder
  preparedAt: string
  /** When an unfinished approval ends. */
  expires: string
}

export type PreparedRelease = StatementDocument<ReleasePredicate> & { policyDigest: string }

/** A release that was read, with the envelope that it lies in: it is decoded once, and travels like this. */
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

/** The bytes that all approvers sign. Without a `bundle` the policy is alone. */
export function buildRelease(predicate: Omit<ReleasePredicate, 'bundle'> & { bundle?: BundleRef }): PreparedRelease {
  const policyDigest = digestOfJson(predicate.policy)
  return { ...writeStatement(RELEASE, { ...predicate, bundle: predicate.bundle ?? bundleOf([policyDigest]) }), policyDigest }
}

/** Reads a release without judging its signatures: who approved it is for `approvalState` to say. */
export function readRelease(envelope: unknown): OpenedRelease {
  const document = readUnverified(RELEASE, envelope)
  return { ...document, policyDigest: digestOfJson(document.predicate.policy), envelope: envelope as Envelope }
}

/** What a release that brings an earlier version back says of that. Not verified: for readers that verified before. */
export function rollbackOf({ envelope }: Pick<ReleaseDocument, 'envelope'>): RollbackOrder | undefined {
  return peekPredicate<Pick<ReleasePredicate, 'rollback'>>(envelope).rollback
}

/** Of a release that several people sent past the stages that try it. Not verified: for readers that verified before. */
export function breakGlassOf({ envelope }: Pick<ReleaseDocument, 'envelope'>): BreakGlassOrder | undefined {
  return peekPredicate<Pick<ReleasePredicate, 'breakGlass'>>(envelope).breakGlass
}

/**
 * Why nobody tried a document before it went to all: its release is break-glass, or a rollback brought back what first came so (`reason` is
 * `null` then).
 */
export function breakGlassBehind({
  breakGlass,
  rollback,
}: Pick<ReleasePredicate, 'breakGlass' | 'rollback'>): { reason: string | null } | undefined {
  if (breakGlass !== undefined) return { reason: breakGlass.reason }
  return rollback?.byBreakGlass === true ? { reason: null } : undefined
}

/** Why these releases are not the whole bundle that people approved, and nothing else; `undefined` when they are. */
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

/** From when on a policy is in force, in ms since 1970; `NaN` for a time that cannot be read, which never comes. */
export function effectiveMs(policy: JsonObject): number {
  const { effective } = policy
  return typeof effective === 'string' ? Date.parse(effective) : Number.NaN
}

/** What people sign together: the release digest, or of a bundle the digest over its sorted release digests. */
export function approvalDigest(releases: readonly Pick<ReleaseDocument, 'releaseDigest'>[]): string {
  const digests = releases.map(({ releaseDigest }) => releaseDigest).sort()
  return digests.length === 1 ? digests[0]! : digestOfJson(digests)
}
