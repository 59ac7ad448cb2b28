import { isObject, type EventAttributes, type JsonObject } from '#libs/contracts'
import { MAX_EVENT_BYTES } from './envelope.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import { isCount, isText, isTime, optional } from './shape.js'
import { readerOf, signerOf, subjectOfPredicate, type StatementKind } from './statement-kind.js'

/** An event as signed by its service. Topic, key and `keySeq` reveal a record that was copied to another topic or key, or resent. */
export type EventPredicate = EventAttributes & { data: JsonObject }

const EVENT: StatementKind<EventPredicate> = {
  predicateType: PREDICATE_TYPES.event,
  shape: {
    id: isText,
    source: isText,
    type: isText,
    topic: isText,
    key: isText,
    keySeq: isCount,
    time: isTime,
    runId: optional(isText),
    attempt: optional(isCount),
    causationId: optional(isText),
    data: isObject,
  },
  subject: (event) => subjectOfPredicate(event.id, event),
  maxBytes: MAX_EVENT_BYTES,
}

export const signEvent = signerOf(EVENT)

/** Reads an event; `keys` are the keys of the one service that may produce it. Throws `SignatureError`. */
export const readEvent = readerOf(EVENT)
