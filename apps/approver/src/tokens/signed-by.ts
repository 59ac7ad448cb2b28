import type { Envelope, OutgoingEvent } from '#libs/contracts'

/** The signature under which an event leaves: the row that it is about is believed by it. */
export function signedBy({ value }: Pick<OutgoingEvent, 'value'>): Envelope {
  return JSON.parse(value!) as Envelope
}
