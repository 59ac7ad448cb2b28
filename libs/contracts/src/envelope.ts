import { fromBase64, textOf } from './bytes/node.js'

/** DSSE v1.0.2 envelope: `payload` and `sig` are base64. Source: the DSSE specification, envelope.md. */
export interface Envelope {
  payload: string
  payloadType: string
  signatures: { keyid: string; sig: string }[]
}

/** Returns the predicate of an envelope without verification, for readers that verified it before, and for display. */
export function peekPredicate<T>(envelope: Envelope): T {
  const statement = JSON.parse(textOf(fromBase64(envelope.payload))) as { predicate: T }
  return statement.predicate
}

/** Body of a signed decision about an approval, a run or a ticket, and of a freeze that a person declares or lifts. */
export interface StatementRequest {
  statement: Envelope
}
