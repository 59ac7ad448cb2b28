/** DSSE v1.0.2 envelope: `payload` and `sig` are base64. Source: the DSSE specification, envelope.md. */
export interface Envelope {
  payload: string
  payloadType: string
  signatures: { keyid: string; sig: string }[]
}

/** JSON payload of an envelope, not verified: for readers that verified before, and for display. */
export function peekPredicate<T>(envelope: Envelope): T {
  const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as { predicate: T }
  return statement.predicate
}
