import type { Envelope } from '#libs/contracts'
import { digestOfJson, isDigest } from '../digest.js'
import { PREDICATE_TYPES } from '../predicate-types.js'
import type { Roster } from '../roster/roster.js'
import { isCount, isTime, optional } from '../shape.js'
import { SignatureError } from '../signature-error.js'
import { signStatement, subjectOfPredicate, verifyStatement, type StatementKind } from '../statement-kind.js'
import type { Signer } from '../signer.js'
import type { StableHead } from './stable-head.js'
import { isStableRoot, type StableRoot } from './stable-tree.js'

/** How often rollout says it, and for how long each time counts. */
export const FRESHNESS_EVERY_MS = 10_000
export const FRESHNESS_LIFE_MS = 5 * 60_000

/**
 * Rollout's freshness statement, on all stable heads at once: a reader that holds others was shown a mixture, and one that hears it no
 * more is kept in the dark. It changes what a reader says of its state, never its values.
 */
export type FreshnessPredicate = {
  /** See `stableDigest`. */
  stable: string
  /** The same heads as a tree, for readers that hold a few of them; missing in statements of earlier versions. */
  tree?: StableRoot
  /** Version of the roster that rollout goes by. */
  roster: number
  issuedAt: string
  expires: string
}

const FRESHNESS: StatementKind<FreshnessPredicate> = {
  predicateType: PREDICATE_TYPES.freshness,
  shape: { stable: isDigest, tree: optional(isStableRoot), roster: isCount, issuedAt: isTime, expires: isTime },
  subject: (predicate) => subjectOfPredicate('stable heads', predicate),
}

/**
 * By so much clocks may differ: a statement that is dated further ahead of the time that it is judged by comes from a clock that is wrong.
 */
export const FRESHNESS_AHEAD_MS = 5 * 60_000

/** Whether a time (RFC 3339) lies further ahead of `nowMs` than clocks may differ. */
export function isFarAhead(time: string, nowMs: number): boolean {
  return !(Date.parse(time) <= nowMs + FRESHNESS_AHEAD_MS)
}

/**
 * What a statement is to somebody who holds another, by their own time: everybody judges by this. One that is dated far ahead, or would
 * last far longer than any, is refused: to take it would refuse all right ones after it. A right one takes the place of such a one.
 */
export function judgeFreshness(said: FreshnessTimes, held: FreshnessTimes | undefined, nowMs: number): 'newer' | 'older' | 'ahead' {
  if (isFarAhead(said.issuedAt, nowMs) || isFarAhead(said.expires, nowMs + FRESHNESS_LIFE_MS)) return 'ahead'
  if (held === undefined || isFarAhead(held.issuedAt, nowMs)) return 'newer'
  return Date.parse(said.issuedAt) > Date.parse(held.issuedAt) ? 'newer' : 'older'
}

/** The refusal of one that is ahead. */
export function freshnessAhead({ issuedAt, expires }: FreshnessTimes, nowMs: number): SignatureError {
  const detail =
    `rollout's freshness statement is dated ${issuedAt} and lasts until ${expires}; here it is ` +
    `${new Date(nowMs).toISOString()}. One of the two clocks is wrong: set this machine's, or that of rollout's database`
  return new SignatureError('HMS_FRESHNESS_AHEAD', detail)
}

export type FreshnessTimes = Pick<FreshnessPredicate, 'issuedAt' | 'expires'>

/** Digest over the canonical JSON of `[[policy, seq, current], …]`, by policy id; heads that withdraw are part of it. */
export function stableDigest(heads: Iterable<StableHead>): string {
  const rows = [...heads].map(({ policy, seq, current }) => [policy, seq, current] as const)
  return digestOfJson(rows.sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function signFreshness(predicate: FreshnessPredicate, signer: Signer): Promise<Envelope> {
  return signStatement(FRESHNESS, predicate, [signer])
}

/** Throws `HMS_FRESHNESS_INVALID` unless rollout signed it. Whether it has expired is for the caller's clock. */
export function readFreshness(envelope: unknown, roster: Roster): FreshnessPredicate {
  try {
    return verifyStatement(FRESHNESS, envelope, roster.serviceKeys('rollout')).predicate
  } catch (error) {
    if (error instanceof SignatureError)
      throw new SignatureError('HMS_FRESHNESS_INVALID', `not rollout's freshness statement: ${error.detail}`)
    throw error
  }
}
