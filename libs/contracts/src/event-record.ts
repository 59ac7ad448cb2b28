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

/** One message as producers hand it to the bus: CloudEvents attributes beside the signed statement that repeats them. */
export interface OutgoingEvent extends EventAttributes {
  traceparent?: string
  /** The DSSE envelope, serialised. `null` is a tombstone. */
  value: string | null
  /** Beside the CloudEvents attributes, for routing and display only: why a dead letter is one. */
  headers?: Record<string, string>
}

/** A message that was verified. Its type may be one that this version does not know, so `data` says nothing yet. */
export interface VerifiedEvent extends EventAttributes {
  traceparent?: string
  data: unknown
  envelope: Envelope
}

interface EventOf<K extends EventType> extends VerifiedEvent {
  type: K
  data: EventData[K]
}

/** A message of a type that this version knows, as its handler gets it: `type` tells which `data` it carries. */
export type ReceivedEvent<T extends EventType = EventType> = { [K in T]: EventOf<K> }[T]
