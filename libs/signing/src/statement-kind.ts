import { canonicalJson } from '#libs/contracts'
import { digestOf, hexOf, digestOfJson } from './digest.js'
import { openEnvelope, STATEMENT_TYPE, type Envelope } from './envelope.js'
import { misfitOf, type Shape } from './shape.js'
import { SignatureError } from './signature-error.js'
import { signEnvelope, type Signer } from './signer.js'
import { readStatement, statement, type Subject } from './statement.js'
import { verifyEnvelope, type Keys } from './verify-envelope.js'

/** Kind of statement: predicate type, schema of the predicate, and subjects. */
export type StatementKind<T> = {
  readonly predicateType: string
  readonly shape: Shape
  subject(predicate: T): Subject | Subject[]
  /** Returns a violation that the schema cannot express, as a sentence; `undefined` if there is none. */
  contradiction?(predicate: T): string | undefined
  /** Maximum payload, if larger than the default of 1 MiB. */
  readonly maxBytes?: number
}

/** A parsed statement. `digest`: digest of the payload, so of all signed data. */
export type StatementDocument<T> = { predicate: T; payload: Uint8Array; digest: string }

/** A statement with verified signatures. `keyids`: keys that signed, at least one. `invalid`: key ids of signatures that do not count. */
export type SignedDocument<T> = StatementDocument<T> & { keyids: string[]; invalid: string[] }

/** Returns the bytes to sign. Throws `HMS_STATEMENT_INVALID` for a predicate that readers would reject. */
export function writeStatement<T>(kind: StatementKind<T>, predicate: T): StatementDocument<T> {
  requireValidData(kind, predicate)
  const payload = statement(kind.predicateType, subjectsOf(kind, predicate), predicate)
  return { predicate, payload, digest: digestOf(payload) }
}

export function readKind<T>(kind: StatementKind<T>, payload: Uint8Array): StatementDocument<T> {
  const { subject, predicate } = readStatement<T>(payload, kind.predicateType)
  requireValidData(kind, predicate)
  // Subjects must equal the ones derived from the predicate, so that all readers see the same values. In-toto defines them as a set.
  if (sorted(subject) !== sorted(subjectsOf(kind, predicate)))
    throw new SignatureError('HMS_STATEMENT_INVALID', 'subject and predicate differ')
  return { predicate, payload, digest: digestOf(payload) }
}

export async function signStatement<T>(kind: StatementKind<T>, predicate: T, signers: readonly Signer[]): Promise<Envelope> {
  return signEnvelope(writeStatement(kind, predicate).payload, signers, kind.maxBytes)
}

/** Verifies the signatures, then reads the statement. Throws `SignatureError` unless at least one of `keys` signed. */
export function verifyStatement<T>(kind: StatementKind<T>, envelope: unknown, keys: Keys): SignedDocument<T> {
  const { payload, keyids, invalid } = verifyEnvelope(envelope, keys, kind.maxBytes)
  return { ...readKind(kind, payload), keyids, invalid }
}

export function signerOf<T>(kind: StatementKind<T>) {
  return (predicate: T, signer: Signer): Promise<Envelope> => signStatement(kind, predicate, [signer])
}

/** Returns the function that verifies and reads statements of this kind. */
export function readerOf<T>(kind: StatementKind<T>) {
  return (envelope: unknown, keys: Keys): SignedDocument<T> => verifyStatement(kind, envelope, keys)
}

/** Reads a statement without verifying signatures, such as one still being signed, or a roster, which contains its own keys. */
export function readUnverified<T>(kind: StatementKind<T>, envelope: unknown): StatementDocument<T> {
  const { payload, payloadType } = openEnvelope(envelope)
  if (payloadType !== STATEMENT_TYPE) throw new SignatureError('HMS_STATEMENT_TYPE', `the payload type is not ${STATEMENT_TYPE}`)
  return readKind(kind, payload)
}

/** Returns the predicate itself as subject, for statements about something that has no bytes to hash. */
export function subjectOfPredicate(name: string, predicate: unknown): Subject {
  return { name, digest: { sha256: hexOf(digestOfJson(predicate)) } }
}

function subjectsOf<T>(kind: StatementKind<T>, predicate: T): Subject[] {
  return [kind.subject(predicate)].flat()
}

function sorted(subjects: readonly unknown[]): string {
  return subjects.map(canonicalJson).sort().join()
}

function requireValidData<T>(kind: StatementKind<T>, predicate: T): void {
  const misfit = misfitOf(predicate, kind.shape)
  const problem = misfit === undefined ? kind.contradiction?.(predicate) : `${misfit} is missing or not of its kind`
  if (problem !== undefined) throw new SignatureError('HMS_STATEMENT_INVALID', `${kind.predicateType}: ${problem}`)
}
