import { readEvent, signEvent, type EventPredicate } from '#libs/signing'

/** Signs the events of a service and verifies those of others. `read` throws `SignatureError` if none of `keys` signed the event. */
export abstract class EventSeal {
  abstract readonly sign: typeof signEvent
  abstract readonly read: (...asked: Parameters<typeof readEvent>) => { predicate: EventPredicate }
}

/** Seals events as in-toto statements in DSSE envelopes. */
export const STATEMENT_SEAL: EventSeal = { sign: signEvent, read: readEvent }
