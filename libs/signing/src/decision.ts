import { randomUUID } from 'node:crypto'
import { isDigest } from './digest.js'
import type { Envelope } from './envelope.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import { isText, isTime, optional } from './shape.js'
import { signEnvelope, type Signer } from './signer.js'
import {
  readUnverified,
  subjectOfPredicate,
  verifyStatement,
  writeStatement,
  type SignedDocument,
  type StatementDocument,
  type StatementKind,
} from './statement-kind.js'
import type { Keys } from './verify-envelope.js'

/** A person's decision about something that has a digest, with its reason. */
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

/** Limits delayed use: a withheld decision must not answer a later question. */
const WINDOW_MS = 10 * 60_000

/** Whether `at` (RFC 3339), the signing time in a statement, is within ten minutes of `now`, in either direction. */
export function isSignedLately(at: string, now: Date): boolean {
  return Math.abs(now.getTime() - Date.parse(at)) <= WINDOW_MS
}

/** Returns when a statement signed at `at` (RFC 3339) is no longer considered recent. */
export function countsUntil(at: string): Date {
  return new Date(Date.parse(at) + WINDOW_MS)
}

const DECISION: StatementKind<DecisionPredicate> = {
  predicateType: PREDICATE_TYPES.decision,
  shape: { subject: isDigest, decision: isText, reason: isText, publicReason: optional(isText), at: isTime, nonce: isText },
  subject: (decision) => subjectOfPredicate(`${decision.decision} ${decision.subject}`, decision),
}

type SaidDecision = Pick<DecisionPredicate, 'subject' | 'decision' | 'reason' | 'publicReason'> & { at: Date }

export function signDecision(said: SaidDecision, signer: Signer): Promise<Envelope> {
  return signEnvelope(writeDecision(said).payload, [signer])
}

/** Returns the bytes to sign, for a key held elsewhere. */
export function writeDecision({ at, ...said }: SaidDecision): StatementDocument<DecisionPredicate> {
  return writeStatement(DECISION, { ...said, at: at.toISOString(), nonce: randomUUID() })
}

/** Reads a decision; `keys` are those of people. Throws `SignatureError`. */
export function readDecision(envelope: unknown, keys: Keys): SignedDocument<DecisionPredicate> {
  return verifyStatement(DECISION, envelope, keys)
}

/** Reads a decision that is not signed yet. */
export function readUnsignedDecision(envelope: unknown): StatementDocument<DecisionPredicate> {
  return readUnverified(DECISION, envelope)
}
