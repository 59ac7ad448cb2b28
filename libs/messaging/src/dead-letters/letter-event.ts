import { deadLetterTopic, GIVEN_UP, type OutgoingEvent } from '#libs/contracts'
import { uuidv7 } from '#libs/platform'
import { SOURCE_PREFIX } from '../cloud-event.js'
import type { DeadLetter } from './dead-letter.table.js'
import { storable } from './letter-content.js'

/** The outbox indexes its keys, and an index row of PostgreSQL is limited to 2.7 KB. */
const KEY_CHARACTERS = 512
const DETAIL_CHARACTERS = 500
/** Below the topic's limit of 5 MiB, which includes headers. */
const MAX_BYTES = 4.75 * 1024 * 1024
/** Header names that the letter sets itself. */
const OWN_HEADERS = /^(ce_|hms-dlq-)/

/** Returns the event that copies a dead letter to its topic: original key, value and headers, and the reason. */
export function letterEvent(letter: DeadLetter, keySeq: number, now: Date): OutgoingEvent {
  const { id, group, code, detail, topic, position, run } = letter
  const kept = Object.entries(letter.headers).map(
    ([name, value]) => [OWN_HEADERS.test(name) ? `hms-dlq-original-${name}` : name, value] as const,
  )
  const headers: Record<string, string> = {
    ...Object.fromEntries(kept),
    'hms-dlq-id': id,
    'hms-dlq-code': code,
    'hms-dlq-detail': storable(detail, DETAIL_CHARACTERS),
    'hms-dlq-topic': topic,
    'hms-dlq-position': position,
    ...(letter.cutFrom === undefined ? {} : { 'hms-dlq-value': `the first characters of ${letter.cutFrom} bytes` }),
    ...(letter.raw === undefined ? {} : { 'hms-dlq-value': 'base64' }),
  }
  const value = letter.raw === undefined ? letter.value : letter.raw.value
  const fits = Buffer.byteLength(value ?? '') + Buffer.byteLength(JSON.stringify(headers)) <= MAX_BYTES
  return {
    // Not the letter's id, which is the same when the record is redelivered after the letter was deleted: the outbox may still contain the
    // first event.
    id: uuidv7(now),
    source: `${SOURCE_PREFIX}${group}`,
    type: GIVEN_UP,
    topic: deadLetterTopic(group),
    key: storable(letter.key ?? '', KEY_CHARACTERS),
    keySeq,
    time: now.toISOString(),
    ...(run === null ? {} : { runId: String(run) }),
    value: fits ? value : null,
    headers: fits ? headers : { ...headers, 'hms-dlq-value': 'too large for this topic' },
  }
}
