import type { Envelope } from './envelope.js'

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

/** A message as a consumer gets it, verified and decoded. `data` is typed by `type` through `EventData`. */
export interface ReceivedEvent<T = unknown> extends EventAttributes {
  traceparent?: string
  data: T
  envelope: Envelope
}
