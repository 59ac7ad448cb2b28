import { groupBy } from '#libs/contracts'
import { bundleOf, isBundleRef, isSameBundle, type BundleRef } from './bundle.js'
import { isDigest } from './digest.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import { isBasisPoints, isCount, isString, isText, isTime, nullable, objectOf, optional } from './shape.js'
import { readerOf, signerOf, subjectOfPredicate, type StatementKind } from './statement-kind.js'

/** Scope of stable heads: all readers. */
export const STABLE_SCOPE = 'global'

/** The live release of one policy in one scope. Heads are ordered by `seq`, never by time. */
export type HeadPredicate = {
  policy: string
  scope: string
  seq: number
  /** Release digest; `null` if no release is in force. */
  current: string | null
  /** Canary heads: share of the scope in basis points. */
  share?: number
  /** Stable heads: `seq` of the head since which `current` has been continuously in force. It restarts when a release is reinstated. */
  sinceSeq?: number
  /** Canary heads: stable release that the canary is based on. Readers ignore the head if another release is stable. */
  base?: string | null
  /** Canary heads: `seq` of a stable head that named `base`. Readers ignore the head if the stable release has changed since that head. */
  baseSeq?: number
  /** Set if several heads were issued together: reference to all of them. They are stored together or not at all. */
  bundle?: BundleRef
  /** Canary heads of a bundle: id that readers hash instead of `policy` for their buckets, equal for all members (ADR 0089). */
  cohortKey?: string
  /** Part of the hash input of buckets; another salt selects other readers. */
  salt?: string
  /** Release that readers apply from `at` on, without another head. `sinceSeq` and `run`: as in the head, for this release. */
  next?: { release: string; at: string; sinceSeq?: number; run?: number }
  /** Canary heads: end of the lease. */
  expires?: string
  issuedAt: string
  /** Run that made `current` live; for provenance, not for ordering. */
  run?: number
}

const HEAD: StatementKind<HeadPredicate> = {
  predicateType: PREDICATE_TYPES.head,
  shape: {
    policy: isText,
    scope: isText,
    seq: isCount,
    current: nullable(isDigest),
    share: optional(isBasisPoints),
    sinceSeq: optional(isCount),
    base: optional(nullable(isDigest)),
    baseSeq: optional(isCount),
    bundle: optional(isBundleRef),
    cohortKey: optional(isText),
    salt: optional(isString),
    next: optional(objectOf({ release: isDigest, at: isTime, sinceSeq: optional(isCount), run: optional(isCount) })),
    expires: optional(isTime),
    issuedAt: isTime,
    run: optional(isCount),
  },
  subject: (head) => subjectOfPredicate(`${head.policy}@${head.scope}`, head),
}

type HeadInBundle = Pick<HeadPredicate, 'policy' | 'scope' | 'seq' | 'current' | 'next' | 'bundle'>

export function bundleOfHeads(heads: readonly HeadInBundle[]): BundleRef {
  return bundleOf(heads.map(({ policy, scope, seq, current, next }) => `${policy}@${scope} ${seq} ${current} ${next?.release ?? null}`))
}

/** Returns why a set of heads is not exactly the set that was issued together; `undefined` if it is complete. */
export function brokenHeads(heads: readonly HeadInBundle[]): string | undefined {
  const together = groupBy(heads, ({ bundle }) => bundle?.digest)
  for (const [digest, members] of together) {
    const other = digest === undefined ? undefined : members.find(({ bundle }) => !isSameBundle(bundle, bundleOfHeads(members)))
    if (other !== undefined)
      return `the head of ${other.policy} was issued with ${other.bundle!.size - 1} others, and does not come with these alone`
  }
  return undefined
}

export const signHead = signerOf(HEAD)

/** Reads a head; `keys` are rollout's keys for a stable head and canary-controller's for a canary head, never both. */
export const readHead = readerOf(HEAD)
