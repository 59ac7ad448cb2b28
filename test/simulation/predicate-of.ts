import type { Envelope, OutgoingEvent } from '#libs/contracts'
import type { EventPredicate } from '#libs/signing'

/** What a producer said, from the statement it signed or, with the quick twin, wrote. */
export function predicateOf({ value }: Pick<OutgoingEvent, 'value'>): EventPredicate {
  const envelope = JSON.parse(value!) as Envelope
  const content = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as EventPredicate & { predicate?: EventPredicate }
  return content.predicate ?? content
}
