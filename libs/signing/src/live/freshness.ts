import { digestOfJson, isDigest } from '../digest.js'
import { PREDICATE_TYPES } from '../predicate-types.js'
import type { Roster } from '../roster/roster.js'
import { isCount, isTime, optional } from '../shape.js'
import { refusedAs, SignatureError } from '../signature-error.js'
import { signerOf, subjectOfPredicate, verifyStatement, type StatementKind } from '../statement-kind.js'
import { isStableRoot, type StableHead, type StableRoot } from './stable-tree.js'

/** Interval at which rollout issues freshness statements, and validity of each. */
export const FRESHNESS_EVERY_MS = 10_000
export const FRESHNESS_LIFE_MS = 5 * 60_000

/** Rollout's statement on all stable heads. Reveals heads of different times and withheld heads. Affects a reader's state, not values. */
export type FreshnessPredicate = {
  /** `stableDigest` of all stable heads. */
  stable: string
  /** Root of a tree over these heads, for readers that name their policies; missing in statements of earlier builds. */
  tree?: StableRoot
  /** Version of the roster that rollout used. */
  roster: number
  issuedAt: string
  expires: string
}

const FRESHNESS: StatementKind<FreshnessPredicate> = {
  predicateType: PREDICATE_TYPES.freshness,
  shape: { stable: isDigest, tree: optional(isStableRoot), roster: isCount, issuedAt: isTime, expires: isTime },
  subject: (predicate) => subjectOfPredicate('stable heads', predicate),
}

/** Tolerated clock difference. A statement that is dated further ahead of the reader's clock comes from a wrong clock. */
export const FRESHNESS_AHEAD_MS = 5 * 60_000

/** Whether a time (RFC 3339) is further ahead of `nowMs` than the tolerated clock difference. */
export function isFarAhead(time: string, nowMs: number): boolean {
  return !(Date.parse(time) <= nowMs + FRESHNESS_AHEAD_MS)
}

/**
 * Compares a statement with the known one (`previous`) by the reader's clock. Returns `ahead` if it is dated far ahead or valid for too
 * long: a reader that accepted it would reject all correct ones as older. A correct statement replaces a known one that is far ahead.
 */
export function judgeFreshness(
  statement: FreshnessTimes,
  previous: FreshnessTimes | undefined,
  nowMs: number,
): 'newer' | 'older' | 'ahead' {
  if (isFarAhead(statement.issuedAt, nowMs) || isFarAhead(statement.expires, nowMs + FRESHNESS_LIFE_MS)) return 'ahead'
  if (previous === undefined || isFarAhead(previous.issuedAt, nowMs)) return 'newer'
  return Date.parse(statement.issuedAt) > Date.parse(previous.issuedAt) ? 'newer' : 'older'
}

export function freshnessAhead({ issuedAt, expires }: FreshnessTimes, nowMs: number): SignatureError {
  const detail =
    `rollout's freshness statement is dated ${issuedAt} and lasts until ${expires}; here it is ` +
    `${new Date(nowMs).toISOString()}. One of the two clocks is wrong: set this machine's, or that of rollout's database`
  return new SignatureError('HMS_FRESHNESS_AHEAD', detail)
}

export type FreshnessTimes = Pick<FreshnessPredicate, 'issuedAt' | 'expires'>

/** Returns the digest over the canonical JSON of `[[policy, seq, current], …]`, sorted by policy id. Includes withdrawn policies. */
export function stableDigest(heads: Iterable<StableHead>): string {
  const rows = [...heads].map(({ policy, seq, current }) => [policy, seq, current] as const)
  return digestOfJson(rows.sort(([a], [b]) => (a < b ? -1 : 1)))
}

export const signFreshness = signerOf(FRESHNESS)

/** Reads a freshness statement. Throws `HMS_FRESHNESS_INVALID` unless rollout signed it. The caller checks the expiry. */
export function readFreshness(envelope: unknown, roster: Roster): FreshnessPredicate {
  const keys = roster.serviceKeys('rollout')
  return refusedAs('HMS_FRESHNESS_INVALID', "not rollout's freshness statement", () => verifyStatement(FRESHNESS, envelope, keys).predicate)
}
