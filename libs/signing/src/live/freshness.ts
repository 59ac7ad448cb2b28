import type { Envelope } from '#libs/contracts'
import { digestOfJson, isDigest } from '../digest.js'
import { PREDICATE_TYPES } from '../predicate-types.js'
import type { Roster } from '../roster/roster.js'
import { isCount, isTime, optional } from '../shape.js'
import { refusedAs, SignatureError } from '../signature-error.js'
import { signStatement, subjectOfPredicate, verifyStatement, type StatementKind } from '../statement-kind.js'
import type { Signer } from '../signer.js'
import { isStableRoot, type StableHead, type StableRoot } from './stable-tree.js'

/** Interval at which rollout issues it, and validity of each statement. */
export const FRESHNESS_EVERY_MS = 10_000
export const FRESHNESS_LIFE_MS = 5 * 60_000

/**
 * Rollout's freshness statement on all stable heads: a reader with other heads was given a mixture, and one that receives no statement is
 * being withheld news. It affects a reader's reported state, never its values.
 */
export type FreshnessPredicate = {
  /** See `stableDigest`. */
  stable: string
  /** The same heads as a tree, for readers with named policies; missing in statements of earlier versions. */
  tree?: StableRoot
  /** Version of rollout's roster. */
  roster: number
  issuedAt: string
  expires: string
}

const FRESHNESS: StatementKind<FreshnessPredicate> = {
  predicateType: PREDICATE_TYPES.freshness,
  shape: { stable: isDigest, tree: optional(isStableRoot), roster: isCount, issuedAt: isTime, expires: isTime },
  subject: (predicate) => subjectOfPredicate('stable heads', predicate),
}

/** Tolerated clock difference: a statement dated further ahead of the judging time comes from a wrong clock. */
export const FRESHNESS_AHEAD_MS = 5 * 60_000

/** Whether a time (RFC 3339) is further ahead of `nowMs` than the tolerated clock difference. */
export function isFarAhead(time: string, nowMs: number): boolean {
  return !(Date.parse(time) <= nowMs + FRESHNESS_AHEAD_MS)
}

/**
 * Compares a statement with the held one, by the reader's own time. One that is dated far ahead, or valid far longer than usual, is
 * refused: accepting it would refuse all valid ones after it. A valid one replaces such a held one.
 */
export function judgeFreshness(said: FreshnessTimes, held: FreshnessTimes | undefined, nowMs: number): 'newer' | 'older' | 'ahead' {
  if (isFarAhead(said.issuedAt, nowMs) || isFarAhead(said.expires, nowMs + FRESHNESS_LIFE_MS)) return 'ahead'
  if (held === undefined || isFarAhead(held.issuedAt, nowMs)) return 'newer'
  return Date.parse(said.issuedAt) > Date.parse(held.issuedAt) ? 'newer' : 'older'
}

/** Returns the refusal of a statement that is ahead. */
export function freshnessAhead({ issuedAt, expires }: FreshnessTimes, nowMs: number): SignatureError {
  const detail =
    `rollout's freshness statement is dated ${issuedAt} and lasts until ${expires}; here it is ` +
    `${new Date(nowMs).toISOString()}. One of the two clocks is wrong: set this machine's, or that of rollout's database`
  return new SignatureError('HMS_FRESHNESS_AHEAD', detail)
}

export type FreshnessTimes = Pick<FreshnessPredicate, 'issuedAt' | 'expires'>

/** Returns the digest over the canonical JSON of `[[policy, seq, current], …]`, sorted by policy id, including withdrawals. */
export function stableDigest(heads: Iterable<StableHead>): string {
  const rows = [...heads].map(({ policy, seq, current }) => [policy, seq, current] as const)
  return digestOfJson(rows.sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function signFreshness(predicate: FreshnessPredicate, signer: Signer): Promise<Envelope> {
  return signStatement(FRESHNESS, predicate, [signer])
}

/** Reads a statement. Throws `HMS_FRESHNESS_INVALID` unless rollout signed it. The caller checks whether it has expired. */
export function readFreshness(envelope: unknown, roster: Roster): FreshnessPredicate {
  const keys = roster.serviceKeys('rollout')
  return refusedAs('HMS_FRESHNESS_INVALID', "not rollout's freshness statement", () => verifyStatement(FRESHNESS, envelope, keys).predicate)
}
