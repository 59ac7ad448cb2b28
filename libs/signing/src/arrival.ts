import { canonicalJson, isObject, type JsonObject } from '#libs/contracts'
import { PREDICATE_TYPES } from './predicate-types.js'
import { isString, isText, listOf } from './shape.js'
import { SignatureError } from './signature-error.js'
import { signerOf, subjectOfPredicate, verifyStatement, type StatementKind } from './statement-kind.js'
import type { Keys } from './verify-envelope.js'

/** Record that audit signs for a received, verified event until the event gets its index in the log. */
export type ArrivalPredicate = {
  /** Log entry in canonical form, as it will be hashed. */
  entry: string
  /** Releases of an approval; empty for other events. */
  releases: JsonObject[]
  /** Names of the people who acted in the event, in lower case. */
  actors: string[]
}

const ARRIVAL: StatementKind<ArrivalPredicate> = {
  predicateType: PREDICATE_TYPES.arrival,
  shape: { entry: isText, releases: listOf(isObject), actors: listOf(isString) },
  subject: (predicate) => subjectOfPredicate('arrival', predicate),
}

export const signArrival = signerOf(ARRIVAL)

/** Throws `SignatureError` unless audit signed exactly this record. */
export function requireArrival(envelope: unknown, arrival: ArrivalPredicate, keys: Keys): void {
  const { predicate } = verifyStatement(ARRIVAL, envelope, keys)
  if (canonicalJson(predicate) !== canonicalJson(arrival))
    throw new SignatureError('HMS_STATEMENT_INVALID', 'it differs from the record that audit signed when the event arrived')
}
