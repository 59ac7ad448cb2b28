import { GIVEN_UP, peekPredicate, type Envelope, type TopicRecord } from '#libs/contracts'
import { numberInHeader, type BusRecord } from './event-bus.js'

/** Returns a record in the form shown to people and programs. Its signature is not verified: no decision may depend on it. */
export function topicRecordOf({ topic, position, key, value, headers }: BusRecord): TopicRecord {
  const type = headers['ce_type'] ?? ''
  return {
    topic,
    position,
    key,
    type,
    source: headers['ce_source'] ?? '',
    id: headers['ce_id'] ?? '',
    at: headers['ce_time'] ?? '',
    run: numberInHeader(headers['ce_runid']),
    attempt: numberInHeader(headers['ce_attempt']),
    headers,
    // A dead letter may contain the value of an external producer, which is no signed statement.
    data: value === null || type === GIVEN_UP ? null : dataOf(value),
  }
}

function dataOf(value: string): unknown {
  try {
    return peekPredicate<{ data?: unknown }>(JSON.parse(value) as Envelope).data ?? null
  } catch {
    return null
  }
}
