import { canonicalJson } from '#libs/contracts'
import { digestOf, hexOf, digestOfJson } from './digest.js'
import { openEnvelope, STATEMENT_TYPE, type Envelope } from './envelope.js'
import { misfitOf, type Shape } from './shape.js'
import { SignatureError } from './signature-error.js'
import { signEnvelope, type Signer } from './signer.js'
import { readStatement, statement, type Subject } from './statement.js'
import { verifyEnvelope, type Keys } from './verify-envelope.js'

/** Kind of statement: its type, the schema of its predicate, and its subjects. */
export type StatementKind<T> = {
  readonly predicateType: string
  readonly shape: Shape
  subject(predicate: T): Subject | Subject[]
  /** Returns a violation that the schema cannot express, as a sentence; undefined if there is none. */
  contradiction?(predicate: T): string | undefined
  /** Limit of the payload, if larger than 1 MiB. */
  readonly maxBytes?: number
}

/** A parsed statement. `digest` is that of the payload, so it covers all signed data. */
export type StatementDocument<T> = { predicate: T; payload: Uint8Array; digest: string }

/** A statement with verified signatures: `keyids` signed (at least one), `invalid` did not. */
export type SignedDocument<T> = StatementDocument<T> & { keyids: string[]; invalid: string[] }

/** Returns the bytes to sign. A predicate that readers would refuse is refused here already (`HMS_STATEMENT_INVALID`). */
export function writeStatement<T>(kind: StatementKind<T>, predicate: T): StatementDocument<T> {
  requireFit(kind, predicate)
  const payload = statement(kind.predicateType, subjectsOf(kind, predicate), predicate)
  return { predicate, payload, digest: digestOf(payload) }
}

export function readKind<T>(kind: StatementKind<T>, payload: Uint8Array): StatementDocument<T> {
  const { subject, predicate } = readStatement<T>(payload, kind.predicateType)
  requireFit(kind, predicate)
  // The subjects must equal those derived from the predicate, so that no two readers see different values. In-toto defines them as a set.
  if (sorted(subject) !== sorted(subjectsOf(kind, predicate))) {
    throw new SignatureError('HMS_STATEMENT_INVALID', 'subject and predicate speak of different things')
  }
  return { predicate, payload, digest: digestOf(payload) }
}

export async function signStatement<T>(kind: StatementKind<T>, predicate: T, signers: readonly Signer[]): Promise<Envelope> {
  return signEnvelope(writeStatement(kind, predicate).payload, signers, kind.maxBytes)
}

/** Verifies, then reads; throws unless at least one of `keys` signed. */
export function verifyStatement<T>(kind: StatementKind<T>, envelope: unknown, keys: Keys): SignedDocument<T> {
  const { payload, keyids, invalid } = verifyEnvelope(envelope, keys, kind.maxBytes)
  return { ...readKind(kind, payload), keyids, invalid }
}

/** Reads without verifying signatures: for statements that are still being signed, and for rosters, which contain their own keys. */
export function readUnverified<T>(kind: StatementKind<T>, envelope: unknown): StatementDocument<T> {
  const { payload, payloadType } = openEnvelope(envelope)
  if (payloadType !== STATEMENT_TYPE) throw new SignatureError('HMS_STATEMENT_TYPE', `the payload type is not ${STATEMENT_TYPE}`)
  return readKind(kind, payload)
}

/** Returns the subject of a statement about something without bytes of its own: the predicate itself. */
export function subjectOfPredicate(name: string, predicate: unknown): Subject {
  return { name, digest: { sha256: hexOf(digestOfJson(predicate)) } }
}

function subjectsOf<T>(kind: StatementKind<T>, predicate: T): Subject[] {
  return [kind.subject(predicate)].flat()
}

function sorted(subjects: readonly unknown[]): string {
  return subjects.map(canonicalJson).sort().join()
}

function requireFit<T>(kind: StatementKind<T>, predicate: T): void {
  const misfit = misfitOf(predicate, kind.shape)
  const problem = misfit === undefined ? kind.contradiction?.(predicate) : `${misfit} is missing or not of its kind`
  if (problem !== undefined) throw new SignatureError('HMS_STATEMENT_INVALID', `${kind.predicateType}: ${problem}`)
}
