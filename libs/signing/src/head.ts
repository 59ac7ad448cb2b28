import { groupBy } from '#libs/contracts'
import { bundleOf, isBundleRef, isSameBundle, type BundleRef } from './bundle.js'
import { isDigest } from './digest.js'
import type { Envelope } from './envelope.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import { isBasisPoints, isCount, isString, isText, isTime, nullable, objectOf, optional } from './shape.js'
import type { Signer } from './signer.js'
import { signStatement, subjectOfPredicate, verifyStatement, type SignedDocument, type StatementKind } from './statement-kind.js'
import type { Keys } from './verify-envelope.js'

/** Scope of stable heads: everyone. */
export const STABLE_SCOPE = 'global'

/** What is live for one policy in one scope. Order comes from `seq`, never from times. */
export type HeadPredicate = {
  policy: string
  scope: string
  seq: number
  /** Release digest; null when nothing is in force. */
  current: string | null
  /** Canary heads: share of the scope in basis points. */
  share?: number
  /**
   * Stable heads: number of the head from which on `current` has been in force without a break. A release that was left and is gone back
   * to begins anew.
   */
  sinceSeq?: number
  /** Canary heads: the stable release they stand on; readers ignore the head when stable differs. */
  base?: string | null
  /** Canary heads: number of a stable head that named `base`; readers ignore the head when stable has left `base` since. */
  baseSeq?: number
  /** Of the heads that were issued with this one, where there are several: they are stored together or not at all. */
  bundle?: BundleRef
  /** Canary heads of a bundle: the id that buckets hash in place of `policy`, the same for all members (ADR 0089). */
  cohortKey?: string
  /** Changes who falls into the share. */
  salt?: string
  /** Held by readers, and current from `at` on, without another head. `sinceSeq`: the same of this release; `run`: see below. */
  next?: { release: string; at: string; sinceSeq?: number; run?: number }
  /** Canary heads: the end of the lease. */
  expires?: string
  issuedAt: string
  /** Number of the run that made `current` live; provenance, not order. */
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

/** Why these heads are not whole: one was issued with others than it comes with. `undefined` when all are here. */
export function brokenHeads(heads: readonly HeadInBundle[]): string | undefined {
  const together = groupBy(heads, ({ bundle }) => bundle?.digest)
  for (const [digest, members] of together) {
    const other = digest === undefined ? undefined : members.find(({ bundle }) => !isSameBundle(bundle, bundleOfHeads(members)))
    if (other !== undefined)
      return `the head of ${other.policy} was issued with ${other.bundle!.size - 1} others, and does not come with these alone`
  }
  return undefined
}

export function signHead(predicate: HeadPredicate, signer: Signer): Promise<Envelope> {
  return signStatement(HEAD, predicate, [signer])
}

/** `keys` are those of rollout for a stable head, of canary-controller for a canary head: never both at once. */
export function readHead(envelope: unknown, keys: Keys): SignedDocument<HeadPredicate> {
  return verifyStatement(HEAD, envelope, keys)
}
