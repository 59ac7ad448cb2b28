import type { Envelope, ReleaseDocument, RunDecisionName } from '#libs/contracts'
import { randomUUID } from 'node:crypto'
import type { DecisionPredicate } from './decision.js'
import { isDigest } from './digest.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import { approvalDigest, readRelease } from './release.js'
import { authorsOf, countsOnRelease } from './roster/approvals.js'
import type { Principal, Roster } from './roster/roster.js'
import { isCount, isText, isTime, optional } from './shape.js'
import { SignatureError } from './signature-error.js'
import { signEnvelope, type Signer } from './signer.js'
import {
  readUnverified,
  subjectOfPredicate,
  verifyStatement,
  writeStatement,
  type StatementDocument,
  type StatementKind,
} from './statement-kind.js'
import type { Keys } from './verify-envelope.js'

/** A person's decision about a run, bound to its number, attempt and release digest; an `accept` also to the ticket that it closes. */
export type RunDecisionPredicate = DecisionPredicate & { run: number; attempt: number; byMs?: number; ticket?: number }

/** The run to decide on. Without `attempt` the caller checks it. `ticket`: set for an `accept`. `review`: set to review a break-glass. */
export type DecidedRun = {
  run: number
  attempt?: number
  releases: readonly ReleaseDocument[]
  ticket?: number
  review?: { /** Ids of the signers of the break-glass. */ actors: readonly string[] }
}

export type ReadRunDecision = { predicate: RunDecisionPredicate; digest: string; person: Principal }

const RUN_DECISION: StatementKind<RunDecisionPredicate> = {
  predicateType: PREDICATE_TYPES.decision,
  shape: {
    subject: isDigest,
    run: isCount,
    attempt: isCount,
    decision: isText,
    reason: isText,
    publicReason: optional(isText),
    at: isTime,
    nonce: isText,
    byMs: optional(isCount),
    ticket: optional(isCount),
  },
  subject: (decision) => subjectOfPredicate(`${decision.decision} run ${decision.run}`, decision),
  contradiction: ({ decision, byMs }) =>
    (decision === 'extend') === (byMs !== undefined && byMs > 0) ? undefined : 'byMs is of extend, and of nothing else',
}

export type RunDecisionInput = {
  run: number
  attempt: number
  /** Digest of the run, as in `RunView.digest`. */
  subject: string
  decision: RunDecisionName | 'accept'
  reason: string
  publicReason?: string
  at: Date
  byMs?: number
  /** Set for `accept` only. */
  ticket?: number
}

export function signRunDecision(input: RunDecisionInput, signer: Signer): Promise<Envelope> {
  return signEnvelope(writeRunDecision(input).payload, [signer])
}

/** Returns the bytes to sign, for a key in another process or device. */
export function writeRunDecision({ at, ...input }: RunDecisionInput): StatementDocument<RunDecisionPredicate> {
  return writeStatement(RUN_DECISION, { ...input, at: at.toISOString(), nonce: randomUUID() })
}

export function readUnsignedRunDecision(envelope: unknown): StatementDocument<RunDecisionPredicate> {
  return readUnverified(RUN_DECISION, envelope)
}

/** Verifies only that one of `keys` signed a decision about any run, before the run is looked up. Throws `SignatureError`. */
export function verifyRunDecision(envelope: unknown, keys: Keys): RunDecisionPredicate {
  return verifyStatement(RUN_DECISION, envelope, keys).predicate
}

/**
 * Reads a person's decision by a key valid at `at` (RFC 3339). Throws `SignatureError`: `HMS_DECISION_OTHER` for another run, attempt,
 * release or ticket, `HMS_DECISION_NOT_ALLOWED` unless the person may approve all releases; an approver of one, or an author, may abort.
 */
export function readRunDecision(envelope: unknown, about: DecidedRun, roster: Roster, at: string): ReadRunDecision {
  const { predicate, digest, keyids } = verifyStatement(RUN_DECISION, envelope, roster.keysOfKind('person', at))
  const { run, attempt = predicate.attempt, releases, ticket, review } = about
  if (predicate.run !== run || predicate.attempt !== attempt || predicate.subject !== approvalDigest(releases)) {
    throw new SignatureError(
      'HMS_DECISION_OTHER',
      `what was signed is about run ${predicate.run}, attempt ${predicate.attempt}, release ${predicate.subject}`,
    )
  }
  // An `accept` applies only to the ticket that it names.
  if (predicate.ticket !== ticket) {
    const named = predicate.ticket === undefined ? 'no ticket' : `ticket ${predicate.ticket}`
    throw new SignatureError('HMS_DECISION_OTHER', `the signed decision names ${named}`)
  }
  const person = roster.principalOfKey(keyids[0]!)!
  if (review !== undefined && !mayReview(person, review.actors, releases, roster))
    throw new SignatureError('HMS_DECISION_NOT_ALLOWED', `${person.name} took part in the reviewed change`)
  if (review !== undefined || mayDecide(person, predicate.decision, releases, roster)) return { predicate, digest, person }
  throw new SignatureError('HMS_DECISION_NOT_ALLOWED', `${person.name} may not make this decision about these releases`)
}

/** Whether a person may review a break-glass: any person of the roster who did not sign it and is not its author. */
export function mayReview(
  person: Pick<Principal, 'id'>,
  actors: readonly string[],
  releases: readonly Pick<ReleaseDocument, 'envelope'>[],
  roster: Roster,
): boolean {
  const authors = releases.flatMap(({ envelope }) => authorsOf(roster, readRelease(envelope).predicate.author))
  return !actors.includes(person.id) && !authors.some(({ id }) => id === person.id)
}

function mayDecide(person: Principal, decision: string, releases: readonly ReleaseDocument[], roster: Roster): boolean {
  const predicates = releases.map(({ envelope }) => readRelease(envelope).predicate)
  const counts = predicates.filter((predicate) => countsOnRelease(roster, person, predicate))
  if (decision !== 'abort') return counts.length === predicates.length
  return counts.length > 0 || predicates.some(({ author }) => authorsOf(roster, author).some(({ id }) => id === person.id))
}
