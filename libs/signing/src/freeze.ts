import { canonicalJson, peekPredicate, type Envelope, type Freeze, type FreezeRecord } from '#libs/contracts'
import { randomUUID } from 'node:crypto'
import { digestOfPayload, isDigest } from './digest.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import type { Principal, Roster } from './roster/roster.js'
import { isText, isTime, objectOf, oneOf, optional } from './shape.js'
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

/** A person's statement that declares a freeze, or that lifts the freeze whose declaration has the digest `declared`. */
export type FreezePredicate = ({ action: 'declare'; freeze: Freeze } | { action: 'lift'; id: string; declared: string; reason: string }) & {
  /** Installation that the statement is for (`Roster.installation`). Missing in statements of earlier builds. */
  installation?: string
  at: string
  nonce: string
}

export type ReadFreeze = { predicate: FreezePredicate; digest: string; person: Principal }

const isFreeze = objectOf({
  id: isText,
  reason: isText,
  scope: isText,
  from: optional(isTime),
  until: optional(isTime),
  recurrence: optional(objectOf({ cron: isText, zone: isText, for: isText })),
})

const FREEZE: StatementKind<FreezePredicate> = {
  predicateType: PREDICATE_TYPES.freeze,
  shape: {
    action: oneOf('declare', 'lift'),
    installation: optional(isDigest),
    at: isTime,
    nonce: isText,
    freeze: optional(isFreeze),
    id: optional(isText),
    declared: optional(isDigest),
    reason: optional(isText),
  },
  subject: (predicate) =>
    subjectOfPredicate(predicate.action === 'declare' ? `freeze ${predicate.freeze.id}` : `lift ${predicate.id}`, predicate),
  contradiction: (predicate) => {
    const { freeze, id, declared, reason } = predicate as Partial<Record<'freeze' | 'id' | 'declared' | 'reason', unknown>>
    const isWhole =
      predicate.action === 'declare' ? freeze !== undefined : id !== undefined && declared !== undefined && reason !== undefined
    return isWhole ? undefined : `members required to ${predicate.action} a freeze are missing`
  },
}

/** Signing time, and the installation that the statement is for (`Roster.installation`). */
type SignedFor = { at: Date; installation: string }

export function signFreeze(freeze: Freeze, signedFor: SignedFor, signer: Signer): Promise<Envelope> {
  return signEnvelope(writeFreeze(freeze, signedFor).payload, [signer])
}

/** Returns the bytes to sign, for a key in another process or device. */
export function writeFreeze(freeze: Freeze, { at, installation }: SignedFor): StatementDocument<FreezePredicate> {
  return writeStatement(FREEZE, { action: 'declare', freeze, installation, at: at.toISOString(), nonce: randomUUID() })
}

/** Lifting of a freeze. `declared`: digest of the declaration, so that the signature cannot lift a later freeze with the same id. */
type LiftInput = { id: string; declared: string; reason: string }

export function signLift(lift: LiftInput, signedFor: SignedFor, signer: Signer): Promise<Envelope> {
  return signEnvelope(writeLift(lift, signedFor).payload, [signer])
}

export function writeLift(lift: LiftInput, { at, installation }: SignedFor): StatementDocument<FreezePredicate> {
  return writeStatement(FREEZE, { action: 'lift', ...lift, installation, at: at.toISOString(), nonce: randomUUID() })
}

export function readUnsignedFreeze(envelope: unknown): StatementDocument<FreezePredicate> {
  return readUnverified(FREEZE, envelope)
}

/**
 * Reads a person's statement about a freeze, and identifies the person. `at` (RFC 3339): time at which the key must be valid. Throws
 * `SignatureError`: `HMS_FREEZE_NOT_ALLOWED` for a person without a role in the roster, `HMS_FREEZE_OTHER` for another installation.
 */
export function readFreeze(envelope: unknown, roster: Roster, at?: string): ReadFreeze {
  const { predicate, digest, keyids } = verifyStatement(FREEZE, envelope, roster.keysOfKind('person', at))
  const person = roster.principalOfKey(keyids[0]!)!
  const { installation = roster.installation } = predicate
  if (installation !== roster.installation)
    throw new SignatureError('HMS_FREEZE_OTHER', `it is for the installation ${installation}, but this is ${roster.installation}`)
  if (roster.rolesOf(person.id).length > 0) return { predicate, digest, person }
  throw new SignatureError('HMS_FREEZE_NOT_ALLOWED', `${person.name} has no role in the roster`)
}

/**
 * Verifies the signed statements in a record. Throws `SignatureError`. Keys are checked at the signing times of the statements, because the
 * topic can be replayed after a key has expired. The role check uses the given roster. A lift names its declaration by digest, so the
 * declaration's keys are not checked again, unless the record would replace `stored`, a freeze with another declaration that is not lifted.
 */
export function verifyFreeze(record: FreezeRecord, roster: Roster, stored?: FreezeRecord): void {
  const { by, declaredAt: _declaredAt, statement, lifted, ...freeze } = record
  const digest = digestOfPayload(statement)
  const replaces = stored?.lifted === null && digestOfPayload(stored.statement) !== digest // guard: freeze-replaced-by-lift
  if (lifted === null || replaces) {
    const { predicate, person } = readFreeze(statement, roster, timeOf(statement))
    if (predicate.action !== 'declare' || canonicalJson(predicate.freeze) !== canonicalJson(freeze) || person.name !== by)
      throw new SignatureError('HMS_FREEZE_OTHER', `the statement signed by ${person.name} is not this freeze`)
  }
  if (lifted === null) return
  const { predicate, person } = readFreeze(lifted.statement, roster, timeOf(lifted.statement))
  const isThis =
    predicate.action === 'lift' && predicate.id === freeze.id && predicate.declared === digest && predicate.reason === lifted.reason
  if (!isThis || person.name !== lifted.by)
    throw new SignatureError('HMS_FREEZE_OTHER', `the statement signed by ${person.name} lifts another freeze`)
}

function timeOf(statement: Envelope): string {
  return peekPredicate<{ at: string }>(statement).at
}
