import { canonicalJson } from '#libs/contracts'
import { digestOf, hexOf, digestOfJson } from './digest.js'
import { openEnvelope, STATEMENT_TYPE, type Envelope } from './envelope.js'
import { misfitOf, type Shape } from './shape.js'
import { SignatureError } from './signature-error.js'
import { signEnvelope, type Signer } from './signer.js'
import { readStatement, statement, type Subject } from './statement.js'
import { verifyEnvelope, type Keys } from './verify-envelope.js'

/** One kind of statement: its type, what its predicate looks like, and what it speaks about. */
export type StatementKind<T> = {
  readonly predicateType: string
  readonly shape: Shape
  subject(predicate: T): Subject | Subject[]
  /** What the shape cannot say, as a sentence; undefined when all is well. */
  contradiction?(predicate: T): string | undefined
  /** Of the payload, where it may be larger than 1 MiB. */
  readonly maxBytes?: number
}

/** A statement that was read. `digest` is over the payload, so over everything that was signed. */
export type StatementDocument<T> = { predicate: T; payload: Buffer; digest: string }

/** The same with its signatures checked: `keyids` signed (at least one), `invalid` did not. */
export type SignedDocument<T> = StatementDocument<T> & { keyids: string[]; invalid: string[] }

/** The bytes to sign. A predicate that no reader would take is refused here already (`HMS_STATEMENT_INVALID`). */
export function writeStatement<T>(kind: StatementKind<T>, predicate: T): StatementDocument<T> {
  requireFit(kind, predicate)
  const payload = statement(kind.predicateType, subjectsOf(kind, predicate), predicate)
  return { predicate, payload, digest: digestOf(payload) }
}

export function readKind<T>(kind: StatementKind<T>, payload: Buffer): StatementDocument<T> {
  const { subject, predicate } = readStatement<T>(payload, kind.predicateType)
  requireFit(kind, predicate)
  // One value in two places is two values for two readers: the subjects must be those that the predicate gives. In-toto calls them a set.
  if (sorted(subject) !== sorted(subjectsOf(kind, predicate))) {
    throw new SignatureError('HMS_STATEMENT_INVALID', 'subject and predicate speak of different things')
  }
  return { predicate, payload, digest: digestOf(payload) }
}

export async function signStatement<T>(kind: StatementKind<T>, predicate: T, signers: readonly Signer[]): Promise<Envelope> {
  return signEnvelope(writeStatement(kind, predicate).payload, signers, kind.maxBytes)
}

/** Verifies first, reads then; throws unless at least one of `keys` signed. */
export function verifyStatement<T>(kind: StatementKind<T>, envelope: unknown, keys: Keys): SignedDocument<T> {
  const { payload, keyids, invalid } = verifyEnvelope(envelope, keys, kind.maxBytes)
  return { ...readKind(kind, payload), keyids, invalid }
}

/** Reads without looking at a signature: for what is still collecting them, and for rosters that bring their own keys. */
export function readUnverified<T>(kind: StatementKind<T>, envelope: unknown): StatementDocument<T> {
  const { payload, payloadType } = openEnvelope(envelope)
  if (payloadType !== STATEMENT_TYPE) throw new SignatureError('HMS_STATEMENT_TYPE', `the payload type is not ${STATEMENT_TYPE}`)
  return readKind(kind, payload)
}

/** Subject of a statement about something that has no bytes of its own: the predicate stands for it. */
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
