import { fromBase64, textOf } from './bytes/node.js'

/** DSSE v1.0.2 envelope (DSSE specification, envelope.md). `payload` and `sig` are base64. */
export interface Envelope {
  payload: string
  payloadType: string
  signatures: { keyid: string; sig: string }[]
}

/** Returns the predicate of an envelope. Does not verify signatures: callers verified the envelope before, or only display it. */
export function peekPredicate<T>(envelope: Envelope): T {
  const statement = JSON.parse(textOf(fromBase64(envelope.payload))) as { predicate: T }
  return statement.predicate
}

/** Request body with a person's signed statement: a decision about an approval, a run or a ticket, or declaring or lifting a freeze. */
export interface StatementRequest {
  statement: Envelope
}
