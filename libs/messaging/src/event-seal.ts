import { readEvent, signEvent, type EventPredicate } from '#libs/signing'

/** How the events of a service are signed, and read by the others. `read` throws `SignatureError` for what none of `keys` signed. */
export interface EventSeal {
  sign: typeof signEvent
  read(...asked: Parameters<typeof readEvent>): { predicate: EventPredicate }
}

/** As in-toto statements in DSSE envelopes. */
export const STATEMENT_SEAL: EventSeal = { sign: signEvent, read: readEvent }
