import { canonicalJson, type Envelope, type TokenRecord, type VerifiedEvent } from '#libs/contracts'
import { requireValidData, type EventSeal } from '#libs/messaging'
import { describeError } from '#libs/platform'
import { SignatureError, type Roster } from '#libs/signing'
import type { StoredToken } from './token.table.js'

export const TOKEN_TOPIC = 'hms.token.v1'
export const TOKEN_EVENTS = ['hms.token.issued.v1', 'hms.token.revoked.v1'] as const

export interface TokenContext {
  roster: Roster
  seal: EventSeal
}

/** Returns the record in an event of `hms.token.v1`. Throws `SignatureError` unless approver signed it as an event of that topic. */
export function readSignedToken(envelope: Envelope, { roster, seal }: TokenContext): TokenRecord {
  const event = { ...seal.read(envelope, roster.serviceKeys('approver')).predicate, envelope }
  const record = withoutSignature(tokenIn(event))
  if (record.id !== event.key) throw new SignatureError('HMS_STATEMENT_INVALID', 'the event is about another key')
  return record
}

function tokenIn(event: VerifiedEvent): TokenRecord {
  const type = TOKEN_EVENTS.find((one) => one === event.type)
  if (event.topic !== TOKEN_TOPIC || type === undefined)
    throw new SignatureError('HMS_STATEMENT_INVALID', `an event ${event.type} of ${event.topic} does not define a key`)
  try {
    requireValidData(event, type)
  } catch (error) {
    throw new SignatureError('HMS_STATEMENT_INVALID', describeError(error))
  }
  return event.data.token
}

/** Returns the record of a row as approver signed it. Throws `SignatureError` for a row that is unsigned or differs from that record. */
export function verifiedToken(row: StoredToken, context: TokenContext): TokenRecord {
  if (row.signed === undefined) throw new SignatureError('HMS_SIGNATURE_UNKNOWN_KEY', 'it is not signed')
  const record = readSignedToken(row.signed, context)
  if (!isSameToken(row, record)) throw new SignatureError('HMS_STATEMENT_INVALID', 'it differs from the record that approver signed')
  return record
}

export function isSameToken(row: StoredToken, record: TokenRecord): boolean {
  return canonicalJson(withoutSignature(row)) === canonicalJson(record)
}

/** Returns the record without the signature, which an older build may have copied into an event as an unknown member. */
export function withoutSignature({ signed: _signed, ...record }: StoredToken): TokenRecord {
  return record
}
