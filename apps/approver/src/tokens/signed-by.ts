import type { Envelope, OutgoingEvent } from '#libs/contracts'

/** Returns the signature of the published event, which authenticates the row it is about. */
export function signedBy({ value }: Pick<OutgoingEvent, 'value'>): Envelope {
  return JSON.parse(value!) as Envelope
}
