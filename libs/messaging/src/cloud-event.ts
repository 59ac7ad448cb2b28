import {
  HEARTBEAT_KEY,
  jsonIn,
  SUMMARY_HEADER,
  type Envelope,
  type OutgoingEvent,
  type VerifiedEvent,
  type ServiceName,
} from '#libs/contracts'
import { childTraceparent, describeError, rememberTraceState, validTraceparent } from '#libs/platform'
import { SignatureError, type Roster } from '#libs/signing'
import type { BusRecord } from './event-bus.js'
import { STATEMENT_SEAL, type EventSeal } from './event-seal.js'

/** Returns the attributes of an event as Kafka headers (CloudEvents 1.0, Kafka binding, binary mode); the value is the statement. */
export function headersOf(event: OutgoingEvent): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...event.headers,
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: event.source,
    ce_type: event.type,
    ce_time: event.time,
    ce_subject: event.key,
    ce_keyseq: String(event.keySeq),
    ...(event.runId === undefined ? {} : { ce_runid: event.runId }),
    ...(event.attempt === undefined ? {} : { ce_attempt: String(event.attempt) }),
    ...(event.causationId === undefined ? {} : { ce_causationid: event.causationId }),
    // The same trace under two names: one of the CloudEvents extension, one of W3C Trace Context, which tracing tools read.
    ...(event.traceparent === undefined ? {} : { ce_traceparent: event.traceparent, traceparent: event.traceparent }),
  }
}

/** Returns the headers of a record that only keeps compaction going. Its value is a time. */
export function heartbeatHeaders(): Record<string, string> {
  const summary = `${HEARTBEAT_KEY}: keeps the compaction of the topic going`
  return { 'content-type': 'text/plain; charset=utf-8', [SUMMARY_HEADER]: summary, traceparent: childTraceparent(undefined) }
}

export function recordOf(event: OutgoingEvent, position: string): BusRecord {
  return { topic: event.topic, key: event.key, value: event.value, headers: headersOf(event), position }
}

export const SOURCE_PREFIX = '/hms-svc/'

/** Reason why a record is not a usable event. A `forged` record becomes an ignored dead letter, an `unreadable` record a waiting one. */
export type Unusable = { ok: false; kind: 'forged' | 'unreadable'; code: string; detail: string }

/**
 * Verifies and decodes a record: a producer of the topic must have signed the statement, and the statement must name the record's topic
 * and key. Headers are not trusted: `ce_source` only selects the keys and must equal the stated source; `traceparent` is for tracing.
 */
export function openRecord(
  record: BusRecord,
  producers: readonly ServiceName[],
  roster: Roster,
  seal: EventSeal = STATEMENT_SEAL,
): { ok: true; event: VerifiedEvent } | Unusable {
  if (record.value === null) return unreadable('the record has no value')
  const envelope = jsonIn(record.value)
  if (envelope === undefined) return unreadable('the value is not JSON')
  const source = record.headers['ce_source'] ?? ''
  const producer = producers.find((name) => `${SOURCE_PREFIX}${name}` === source)
  if (producer === undefined) return forged('HMS_EVENT_PRODUCER', `${source || 'an unnamed service'} does not produce ${record.topic}`)
  try {
    const { predicate } = seal.read(envelope, roster.serviceKeys(producer))
    if (predicate.source !== source || predicate.topic !== record.topic || predicate.key !== record.key)
      return forged('HMS_EVENT_MISPLACED', `signed for ${predicate.topic} ${predicate.key} by ${predicate.source}`)
    const traceparent = validTraceparent(record.headers['ce_traceparent']) // guard: trace-events
    rememberTraceState(traceparent, record.headers['tracestate'])
    return { ok: true, event: { ...predicate, traceparent, envelope: envelope as Envelope } }
  } catch (error) {
    if (!(error instanceof SignatureError)) return unreadable(describeError(error))
    return error.code === 'HMS_SIGNATURE_MALFORMED' ? unreadable(error.message, error.code) : forged(error.code, error.message)
  }
}

function unreadable(detail: string, code = 'HMS_EVENT_UNREADABLE'): Unusable {
  return { ok: false, kind: 'unreadable', code, detail }
}

function forged(code: string, detail: string): Unusable {
  return { ok: false, kind: 'forged', code, detail }
}
