import { canonicalJson, type Envelope, type EventData, type TokenRecord } from '#libs/contracts'
import type { EventSeal } from '#libs/messaging'
import { SignatureError, type Roster } from '#libs/signing'
import type { StoredToken } from './token.table.js'

export const TOKEN_TOPIC = 'hms.token.v1'
export const TOKEN_EVENTS = ['hms.token.issued.v1', 'hms.token.revoked.v1'] as const

/** What judges a stored key: whose signature counts, and how events are read. */
export interface TokenJudge {
  roster: Roster
  seal: EventSeal
}

/** The record in an event of `hms.token.v1`. Throws `SignatureError` unless approver signed it as such. */
export function readSignedToken(envelope: Envelope, { roster, seal }: TokenJudge): TokenRecord {
  const { topic, type, key, data } = seal.read(envelope, roster.serviceKeys('approver')).predicate
  if (topic !== TOKEN_TOPIC || !(TOKEN_EVENTS as readonly string[]).includes(type))
    throw new SignatureError('HMS_STATEMENT_INVALID', `an event ${type} of ${topic} makes no key`)
  const record = plainToken((data as unknown as EventData['hms.token.issued.v1']).token)
  if (record.id !== key) throw new SignatureError('HMS_STATEMENT_INVALID', 'the event is about another key')
  return record
}

/** The record that a row stands for: what approver signed. Throws `SignatureError` for a row that says anything else. */
export function believedToken(row: StoredToken, judge: TokenJudge): TokenRecord {
  if (row.signed === undefined) throw new SignatureError('HMS_SIGNATURE_UNKNOWN_KEY', 'nobody signed it')
  const record = readSignedToken(row.signed, judge)
  if (!isSameToken(row, record)) throw new SignatureError('HMS_STATEMENT_INVALID', 'it differs from what approver signed')
  return record
}

export function isSameToken(row: StoredToken, record: TokenRecord): boolean {
  return canonicalJson(plainToken(row)) === canonicalJson(record)
}

/** Without the signature; a build that knows none carries it along in what it copies. */
export function plainToken({ signed: _signed, ...record }: StoredToken): TokenRecord {
  return record
}
