import { isUtf8 } from 'node:buffer'
import { FRESHNESS_KEY, HEARTBEAT_KEY, HmsError, peekPredicate, type ConfigDocument, type Envelope, type EventData } from '#libs/contracts'
import type { TopicRecord } from './record-source.js'

/** Limit of a record in bytes, as `topics apply` sets it on the broker. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024

/** Parsed content of a record. The event's signature is not verified, because the documents in it have their own signatures. */
export interface OpenedRecord {
  key: string
  type: string
  data: unknown
}

/** Parses a record; `undefined` for a tombstone, or a heartbeat, which makes Kafka compact. Throws an `HmsError` `HMS_EVENT_…`. */
export function openRecord(topic: string, { key, value }: TopicRecord): OpenedRecord | undefined {
  if (value === null) return undefined
  if (value.length > MAX_RECORD_BYTES) throw recordError('HMS_EVENT_OVERSIZED', `a record on ${topic} has ${value.length} bytes`)
  const name = key === null || !isUtf8(key) ? '' : Buffer.from(key).toString()
  if (name === HEARTBEAT_KEY) return undefined
  const event = eventIn(value, topic)
  if (event.topic !== topic || event.key !== name)
    throw recordError('HMS_EVENT_MISPLACED', `a record on ${topic} under the key ${name} was made for ${event.topic} ${event.key}`)
  return { key: name, type: event.type, data: event.data }
}

/** Returns the document of a `hms.state.recorded.v1` event. Throws if the record's key names another policy or scope. */
export function documentIn({ key, data }: OpenedRecord): EventData['hms.state.recorded.v1'] {
  const { document, bundle } = data as { document?: Partial<ConfigDocument>; bundle?: unknown }
  if (typeof document !== 'object' || document === null)
    throw recordError('HMS_EVENT_UNREADABLE', `the record under ${key} contains no document`)
  if (`${document.id}@${document.scope}` !== key)
    throw recordError('HMS_EVENT_MISPLACED', `the record under ${key} contains ${document.id}@${document.scope}`)
  if (!Number.isSafeInteger(document.seq) || !Number.isSafeInteger(document.revision))
    throw recordError('HMS_EVENT_UNREADABLE', `the document under ${key} has no valid seq and revision`)
  return { document: document as ConfigDocument, ...(typeof bundle === 'string' ? { bundle } : {}) }
}

export function freshnessIn({ key, data }: OpenedRecord): Envelope {
  if (key !== FRESHNESS_KEY) throw recordError('HMS_EVENT_MISPLACED', `a freshness statement is under the key ${key}, not ${FRESHNESS_KEY}`)
  return (data as { freshness: Envelope }).freshness
}

export function recordError(code: string, detail: string): HmsError {
  const text = `${detail}; it is skipped, and the previous values stay in force`
  return new HmsError(code, text, { status: 502, next: ['hms-svc topics tail'] })
}

function eventIn(value: Uint8Array, topic: string): { topic: string; key: string; type: string; data: object } {
  try {
    const event = peekPredicate<{ topic?: unknown; key?: unknown; type?: unknown; data?: unknown } | null>(
      JSON.parse(Buffer.from(value).toString()) as Envelope,
    )
    const { topic: named, key, type, data } = event ?? {}
    if (typeof named === 'string' && typeof key === 'string' && typeof type === 'string' && typeof data === 'object' && data !== null)
      return { topic: named, key, type, data }
  } catch {
    // Not JSON, or not a statement: reported as unreadable below.
  }
  throw recordError('HMS_EVENT_UNREADABLE', `a record on ${topic} is not an event`)
}
