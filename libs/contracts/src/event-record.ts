import type { Envelope } from './envelope.js'
import type { EventData, EventType } from './events.js'

/** CloudEvents attributes that the producer signs together with the data. */
export interface EventAttributes {
  id: string
  /** `/hms-svc/SERVICE`. */
  source: string
  type: string
  topic: string
  key: string
  keySeq: number
  time: string
  runId?: string
  attempt?: number
  causationId?: string
}

/** A message from a producer to the bus: CloudEvents attributes, and the signed statement that also contains them. */
export interface OutgoingEvent extends EventAttributes {
  traceparent?: string
  /** Serialised DSSE envelope; `null` for a tombstone. */
  value: string | null
  /** Additional headers for routing and display only, such as the reason of a dead letter. */
  headers?: Record<string, string>
}

/** A verified message. Its type may be unknown to this version, so `data` is untyped. */
export interface VerifiedEvent extends EventAttributes {
  traceparent?: string
  data: unknown
  envelope: Envelope
}

interface EventOf<K extends EventType> extends VerifiedEvent {
  type: K
  data: EventData[K]
}

/** A message of a known type, as passed to its handler: `type` determines the type of `data`. */
export type ReceivedEvent<T extends EventType = EventType> = { [K in T]: EventOf<K> }[T]
