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

/** What a person decides about something that has a digest, and why. */
export type DecisionPredicate = {
  /** Digest of what it is about, an approval's for instance. */
  subject: string
  decision: string
  reason: string
  /** What partners are told; the reason itself stays inside. */
  publicReason?: string
  at: string
  /** So that two decisions in the same words are two. */
  nonce: string
}

/** A decision that was held back must not answer another question later. */
const WINDOW_MS = 10 * 60_000

/** `at` (RFC 3339): when it says that it was signed; up to ten minutes from `now`, either way. */
export function isSignedLately(at: string, now: Date): boolean {
  return Math.abs(now.getTime() - Date.parse(at)) <= WINDOW_MS
}

/** When a statement that says it was signed at `at` (RFC 3339) stops to be lately signed. */
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

/** The bytes that a person signs, for whoever holds the key elsewhere. */
export function writeDecision({ at, ...said }: SaidDecision): StatementDocument<DecisionPredicate> {
  return writeStatement(DECISION, { ...said, at: at.toISOString(), nonce: randomUUID() })
}

/** `keys` are those of people. Throws `SignatureError`. */
export function readDecision(envelope: unknown, keys: Keys): SignedDocument<DecisionPredicate> {
  return verifyStatement(DECISION, envelope, keys)
}

/** One that a person has yet to sign. */
export function readUnsignedDecision(envelope: unknown): StatementDocument<DecisionPredicate> {
  return readUnverified(DECISION, envelope)
}
