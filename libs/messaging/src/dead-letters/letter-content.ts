import { createHash } from 'node:crypto'
import { recordOfBytes } from '../kafka/kafka-record.js'
import type { BusRecord } from '../event-bus.js'
import type { DeadLetter, RawLetter } from './dead-letter.table.js'
import { asSummary, deadLetterTopic, GIVEN_UP, isPlainText, jsonIn, storable, SUMMARY_HEADER, type OutgoingEvent } from '#libs/contracts'
import { childTraceparent, uuidv7 } from '#libs/platform'
import { SOURCE_PREFIX } from '../cloud-event.js'

type Content = Pick<DeadLetter, 'key' | 'value' | 'headers' | 'raw' | 'cutFrom'>

/** Length of a value's display text, which is stored when the exact bytes are stored separately or not at all. */
const EXCERPT = 4_096
const KEY_EXCERPT = 200
const MAX_HEADERS = 50

/** Returns the text as PostgreSQL can store it, cut to `maxCharacters`. */
export function excerpt(text: string, maxCharacters: number): string {
  return storable(text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text)
}

export const keyExcerpt = (key: string): string => excerpt(key, KEY_EXCERPT)

/** Returns the complete content of a record: as text where that is exact, otherwise in base64 with display text beside it. */
export function wholeContent(record: BusRecord): Content {
  const { key, value, headers } = record
  const texts = [key, value, ...Object.entries(headers).flat()].filter((text) => text !== null)
  if (record.bytes === undefined && texts.every(isPlainText)) return { key, value, headers }
  return { ...excerptOf(record), raw: rawOf(record) }
}

/** Returns the excerpt to store of an ignored record: it is never replayed, and an external producer must not fill the disk. */
export function excerptContent(record: BusRecord): Content {
  const { value } = record
  const cutFrom = value !== null && value.length > EXCERPT ? { cutFrom: record.bytes?.value?.length ?? Buffer.byteLength(value) } : {}
  return { ...excerptOf(record), ...cutFrom }
}

export function recordOfLetter(letter: DeadLetter): BusRecord {
  const { topic, position, key, value, headers, raw } = letter
  if (raw === undefined) return { topic, position, key, value, headers }
  const decode = (text: string): Buffer => Buffer.from(text, 'base64')
  const pairs = raw.headers.map(([name, header]) => [decode(name).toString(), decode(header)] as const)
  const bytes = {
    key: raw.key === null ? null : decode(raw.key),
    value: raw.value === null ? null : decode(raw.value),
    headers: Object.fromEntries(pairs),
  }
  return { topic, position, ...recordOfBytes(bytes) }
}

/** Returns a deterministic letter id, so a record redelivered before its group committed yields the same letter. */
export function letterIdOf(service: string, record: BusRecord): string {
  const { topic, position, key, value, headers } = record
  const hex = createHash('sha256')
    .update(JSON.stringify([service, topic, position, key, value, headers]))
    .digest('hex')
  // RFC 9562 §5.8: UUID version 8, with custom bits.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function excerptOf({ key, value, headers }: BusRecord): Content {
  return {
    key: key === null ? null : keyExcerpt(key),
    value: value === null ? null : excerpt(value, EXCERPT),
    headers: Object.fromEntries(
      Object.entries(headers)
        .slice(0, MAX_HEADERS)
        .map(([name, header]) => [excerpt(name, KEY_EXCERPT), excerpt(header, KEY_EXCERPT)]),
    ),
  }
}

function rawOf({ key, value, headers, bytes }: BusRecord): RawLetter {
  const encode = (text: string | null, exact: Uint8Array | null | undefined): string | null =>
    text === null ? null : Buffer.from(exact ?? Buffer.from(text)).toString('base64')
  return {
    key: encode(key, bytes?.key),
    value: encode(value, bytes?.value),
    headers: Object.entries(headers).map(([name, header]) => [encode(name, undefined)!, encode(header, bytes?.headers[name])!]),
  }
}

/** Maximum length of the event's key: the outbox indexes its keys, and an index row of PostgreSQL is limited to 2.7 KB. */
const KEY_CHARACTERS = 512
const DETAIL_CHARACTERS = 500
/** Maximum size of value and headers, below the topic's limit of 5 MiB. */
const MAX_BYTES = 4.75 * 1024 * 1024
const OWN_HEADERS = /^(ce_|hms-dlq-|hms-summary$|content-type$|traceparent$)/i

/** Returns the event that copies a dead letter to its topic: original key, value and headers, and the reason. */
export function letterEvent(letter: DeadLetter, keySeq: number, now: Date): OutgoingEvent {
  const { id, group, code, detail, topic, position, run } = letter
  const kept = Object.entries(letter.headers).map(
    ([name, value]) => [OWN_HEADERS.test(name) ? `hms-dlq-original-${name}` : name, value] as const,
  )
  const value = letter.raw === undefined ? letter.value : letter.raw.value
  const about = run === null ? group : `run ${run} ${group}`
  const headers: Record<string, string> = {
    ...Object.fromEntries(kept),
    'content-type': jsonIn(value ?? '') === undefined ? 'text/plain; charset=utf-8' : 'application/json',
    [SUMMARY_HEADER]: asSummary(`${about}: gave up ${topic} ${position}, ${code}`),
    'hms-dlq-id': id,
    'hms-dlq-code': code,
    'hms-dlq-detail': excerpt(detail, DETAIL_CHARACTERS),
    'hms-dlq-topic': topic,
    'hms-dlq-position': position,
    ...(letter.cutFrom === undefined ? {} : { 'hms-dlq-value': `the first characters of ${letter.cutFrom} bytes` }),
    ...(letter.raw === undefined ? {} : { 'hms-dlq-value': 'base64' }),
  }
  const fits = Buffer.byteLength(value ?? '') + Buffer.byteLength(JSON.stringify(headers)) <= MAX_BYTES
  return {
    // The letter's id would not be unique: a record redelivered after its letter was deleted gets the same id, and the outbox may still
    // contain the first event.
    id: uuidv7(now),
    source: `${SOURCE_PREFIX}${group}`,
    type: GIVEN_UP,
    topic: deadLetterTopic(group),
    key: excerpt(letter.key ?? '', KEY_CHARACTERS),
    keySeq,
    time: now.toISOString(),
    ...(run === null ? {} : { runId: String(run) }),
    traceparent: childTraceparent(letter.headers['ce_traceparent'] ?? letter.headers['traceparent']),
    value: fits ? value : null,
    headers: fits ? headers : { ...headers, 'hms-dlq-value': 'too large for this topic' },
  }
}
