import { FRESHNESS_KEY, type ConfigDocument, type Envelope, type EventData, type EventType } from '#libs/contracts'
import { digestOfJson, PREDICATE_TYPES, statement } from '#libs/signing'
import type { TopicRecord } from '../kafka/record-source.js'
import { signedBy } from './sample-trust.js'

const STATE = 'hms.config.state.v1'
const ROSTER = 'hms.roster.v1'

/**
 * Creates a record with an event as services write it. The documents in the event are signed, so it does not matter which service signs the
 * event.
 */
export function sampleRecord<T extends EventType>(type: T, key: string, data: EventData[T], topic = STATE): TopicRecord {
  const event = { id: '1', source: '/hms-svc/config-store', type, topic, key, keySeq: 1, time: '2024-09-01T00:00:00Z', data }
  const payload = statement(PREDICATE_TYPES.event, [{ name: '1', digest: { sha256: digestOfJson(event).slice('sha256:'.length) } }], event)
  return textRecord(key, JSON.stringify(signedBy(payload, 'rollout')))
}

export function textRecord(key: string, text: string | null): TopicRecord {
  return { key: Buffer.from(key), value: text === null ? null : Buffer.from(text) }
}

export function documentRecord(document: ConfigDocument, bundle?: string): TopicRecord {
  return sampleRecord('hms.state.recorded.v1', `${document.id}@${document.scope}`, {
    document,
    ...(bundle === undefined ? {} : { bundle }),
  })
}

export function freshnessRecord(freshness: Envelope): TopicRecord {
  return sampleRecord('hms.state.vouched.v1', FRESHNESS_KEY, { freshness })
}

export function rosterRecord(version: number, envelope: Envelope): TopicRecord {
  return sampleRecord('hms.roster.rotated.v1', String(version), { version, envelope }, ROSTER)
}
