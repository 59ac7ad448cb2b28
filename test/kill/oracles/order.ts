import { SERVICES, topicByName, topicsConsumedBy } from '#libs/contracts'
import { schemaOf } from '#libs/messaging'
import type { Oracle } from './oracle.js'

/** I4, in the log: whatever was sent twice, the first copy of each event follows the first copy of the one before it. */
export const orderInTopics: Oracle = {
  name: 'per-key order in every topic, without a gap',
  async check({ log }) {
    const last = new Map<string, number>()
    const violations: string[] = []
    for (const { topic, key, source, keySeq } of log) {
      if (key === '~heartbeat') continue
      const stream = `${topic} ${source} ${key}`
      const before = last.get(stream) ?? 0
      if (keySeq <= before) continue
      // Of a compacted topic the log keeps the newest of a key only.
      if (keySeq > before + 1 && topicByName(topic).cleanup === 'delete') violations.push(`${stream}: ${keySeq} follows ${before}`)
      last.set(stream, keySeq)
    }
    return { looked: log.length, violations }
  },
}

/**
 * I4, at the consumers: each has handled each stream up to its producer's last event, and none waits for an earlier one. A key that its
 * producer erased has no end: a tombstone advances no consumer, and deletes what came before it.
 */
export const orderAtConsumers: Oracle = {
  name: 'every consumer has handled every stream to its end',
  // config-store counts acknowledgements also while the streams are read.
  settles: true,
  async check({ observer }) {
    const violations: string[] = []
    let looked = 0
    for (const consumer of SERVICES) {
      for (const topic of topicsConsumedBy(consumer)) {
        for (const producer of topic.producers) {
          const streams = await observer.rows<{ key: string; wanted: string; found: string | null }>(
            `SELECT head.msg_key AS key, head.key_seq AS wanted, position.last_key_seq AS found
             FROM ${schemaOf(producer)}.stream_head AS head LEFT JOIN ${schemaOf(consumer)}.stream_position AS position
               ON position.consumer = $1 AND position.producer = $2 AND position.topic = head.topic AND position.msg_key = head.msg_key
             WHERE head.topic = $3 AND NOT EXISTS (
               SELECT FROM ${schemaOf(producer)}.outbox WHERE outbox.value IS NULL
                 AND outbox.topic = head.topic AND outbox.msg_key = head.msg_key AND outbox.key_seq = head.key_seq)`,
            [consumer, producer, topic.name],
          )
          looked += streams.length
          for (const { key, wanted, found } of streams) {
            if (wanted !== found)
              violations.push(`${consumer} has handled ${topic.name} ${key} of ${producer} up to ${found ?? 'nothing'} of ${wanted}`)
          }
        }
      }
    }
    for (const { service, n } of await observer.everywhere<{ service: string; n: string }>(
      `SELECT '$service' AS service, count(*) AS n FROM $schema.parked_event`,
    )) {
      if (n !== '0') violations.push(`${service} has ${n} parked events`)
    }
    return { looked, violations }
  },
}
