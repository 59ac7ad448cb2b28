import type { Envelope } from './envelope.js'

/** One message as producers hand it to the bus: CloudEvents attributes beside the signed statement that repeats them. */
export interface OutgoingEvent {
  id: string
  source: string
  type: string
  topic: string
  key: string
  keySeq: number
  time: string
  runId?: string
  attempt?: number
  causationId?: string
  traceparent?: string
  /** The DSSE envelope, serialised. `null` is a tombstone. */
  value: string | null
}

/** A message as a consumer gets it, verified and decoded. `data` is typed by `type` through `EventData`. */
export interface ReceivedEvent<T = unknown> {
  id: string
  source: string
  type: string
  topic: string
  key: string
  keySeq: number
  time: string
  runId?: string
  attempt?: number
  causationId?: string
  traceparent?: string
  data: T
  envelope: Envelope
}
