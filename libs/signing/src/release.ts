import type { Envelope, JsonObject, ReleaseDocument, RolloutPlan } from '#libs/contracts'
import { digestOfJson, hexOf, isDigest } from './digest.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import { isBasisPoints, isCount, isString, isText, isTime, listOf, nullable, objectOf, oneOf, optional, type Check } from './shape.js'
import { readUnverified, writeStatement, type StatementDocument, type StatementKind } from './statement-kind.js'

export const MAX_FALLBACKS = 5
const MAX_DROPPED_TAGS = 64

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
  /** Policy digests of the run's members, this one included, sorted. */
  bundle: string[]
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
    bundle: listOf(isDigest),
    preparedAt: isTime,
    expires: isTime,
  },
  subject: ({ policy }) => ({ name: `${policy.id}@${policy.version}`, digest: { sha256: hexOf(digestOfJson(policy)) } }),
  contradiction({ bundle, policy }) {
    if (!bundle.includes(digestOfJson(policy))) return 'bundle leaves out the policy itself'
    const sorted = bundle.every((digest, i) => i === 0 || digest > (bundle[i - 1] ?? ''))
    return sorted ? undefined : 'bundle is not sorted, or names a member twice'
  },
}

/** The bytes that all approvers sign. `bundle` is sorted, and the policy's own digest added when it is missing. */
export function buildRelease(predicate: ReleasePredicate): PreparedRelease {
  const policyDigest = digestOfJson(predicate.policy)
  const bundle = [...new Set([...predicate.bundle, policyDigest])].sort()
  return { ...writeStatement(RELEASE, { ...predicate, bundle }), policyDigest }
}

/** Reads a release without judging its signatures: who approved it is for `approvalState` to say. */
export function readRelease(envelope: unknown): OpenedRelease {
  const document = readUnverified(RELEASE, envelope)
  return { ...document, policyDigest: digestOfJson(document.predicate.policy), envelope: envelope as Envelope }
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
