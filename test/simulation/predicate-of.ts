import { peekPredicate, type Envelope, type OutgoingEvent } from '#libs/contracts'
import type { EventPredicate } from '#libs/signing'
import { QUICK, QUICK_SEAL } from './quick-events.js'

/** What a producer said, from the statement it signed or from the quick twin. */
export function predicateOf({ value }: Pick<OutgoingEvent, 'value'>): EventPredicate {
  const envelope = JSON.parse(value!) as Envelope
  return envelope.payloadType === QUICK ? QUICK_SEAL.read(envelope, new Map()).predicate : peekPredicate<EventPredicate>(envelope)
}
