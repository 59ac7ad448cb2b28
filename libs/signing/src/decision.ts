import type { LetterDecision } from '#libs/contracts'
import { randomUUID } from 'node:crypto'
import { isDigest } from './digest.js'
import type { Envelope } from './envelope.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import { isText, isTime, optional } from './shape.js'
import { signEnvelope, type Signer } from './signer.js'
import {
  readerOf,
  readUnverified,
  subjectOfPredicate,
  writeStatement,
  type StatementDocument,
  type StatementKind,
} from './statement-kind.js'

/** A person's decision, with a reason, about a subject that has a digest. */
export type DecisionPredicate = {
  /** Digest of the subject, for example of an approval. */
  subject: string
  decision: string
  reason: string
  /** Reason sent to partners; `reason` itself stays internal. */
  publicReason?: string
  at: string
  /** Distinguishes two decisions with equal content. */
  nonce: string
}

/** Maximum difference between signing time and now, so that a withheld decision cannot be used much later. */
const WINDOW_MS = 10 * 60_000

/** Whether the signing time `at` (RFC 3339) is at most ten minutes before or after `now`. */
export function isSignedLately(at: string, now: Date): boolean {
  return Math.abs(now.getTime() - Date.parse(at)) <= WINDOW_MS
}

/** Returns the time until which a statement signed at `at` (RFC 3339) is accepted as recent. */
export function countsUntil(at: string): Date {
  return new Date(Date.parse(at) + WINDOW_MS)
}

const DECISION: StatementKind<DecisionPredicate> = {
  predicateType: PREDICATE_TYPES.decision,
  shape: { subject: isDigest, decision: isText, reason: isText, publicReason: optional(isText), at: isTime, nonce: isText },
  subject: (decision) => subjectOfPredicate(`${decision.decision} ${decision.subject}`, decision),
}

type DecisionInput = Pick<DecisionPredicate, 'subject' | 'decision' | 'reason' | 'publicReason'> & { at: Date }

export function signDecision(input: DecisionInput, signer: Signer): Promise<Envelope> {
  return signEnvelope(writeDecision(input).payload, [signer])
}

/** Returns the bytes to sign, for a key in another process or device. */
export function writeDecision({ at, ...input }: DecisionInput): StatementDocument<DecisionPredicate> {
  return writeStatement(DECISION, { ...input, at: at.toISOString(), nonce: randomUUID() })
}

/** Returns what a decision about a dead letter says: the act, the letter by name, and the digest of its content. */
export function letterDecision(decision: LetterDecision, letter: { service: string; id: string; digest: string }) {
  const { service, id, digest: subject } = letter
  return { subject, decision: `${decision} dead letter ${service}/${id}` }
}

/** Reads a decision; `keys` are keys of people. Throws `SignatureError`. */
export const readDecision = readerOf(DECISION)

export function readUnsignedDecision(envelope: unknown): StatementDocument<DecisionPredicate> {
  return readUnverified(DECISION, envelope)
}
