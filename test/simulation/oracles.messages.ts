import { topicByName, topicsConsumedBy } from '#libs/contracts'
import type { Evidence } from './evidence.js'
import type { Sighting } from './witness.js'

/**
 * Every handler sees the events of a key one after the other, none twice and none left out but for dead letters. Where the newest records
 * of a topic count alone it may miss some, but sees the last that no tombstone erased. To the audit log alone may come late what lay
 * before the first that it saw, and more than once: a log that lost its end got it back behind what is newer, and audit knows an event by
 * its id (I5 asks for one entry of each).
 */
export function handlersInOrder({ sightings, deadLetters, emitted, erased }: Evidence): string[] {
  const found: string[] = []
  const streams = new Map<string, Sighting[]>()
  for (const sighting of sightings) {
    const name = `${sighting.consumer} ${sighting.producer} ${sighting.topic} ${sighting.key}`
    const stream = streams.get(name)
    if (stream === undefined) streams.set(name, [sighting])
    else stream.push(sighting)
  }
  const newest = newestOf(emitted, erased)
  for (const [name, stream] of streams) {
    const [consumer, producer, topic, key] = name.split(' ')
    const buried = deadLetters.filter((letter) => letter.service === consumer && letter.topic === topic && letter.key === key).length
    const isNewestOnly = topicByName(topic!).newestOnly === true
    let last: number | undefined
    const begins = stream[0]!.keySeq
    const late = consumer === 'audit' ? stream.filter(({ keySeq }) => keySeq < begins).map(({ keySeq }) => keySeq) : []
    for (const { keySeq } of stream) {
      if (late.includes(keySeq)) continue
      const skipped = last === undefined ? 0 : keySeq - last - 1
      if (skipped < 0) found.push(`${name}: ${keySeq} after ${last}`)
      if (skipped > buried && !isNewestOnly) found.push(`${name}: ${keySeq} after ${last}, with ${buried} dead letters`)
      last = keySeq
    }
    const end = newest.get(`${producer} ${topic} ${key}`) ?? 0
    if (isNewestOnly && last! < end) found.push(`${name}: ends with ${last}, the newest is ${end}`)
  }
  return found
}

/** The number of the last event of each key, by producer, topic and key; without those that a tombstone took along. */
function newestOf(emitted: Evidence['emitted'], erased: Evidence['erased']): Map<string, number> {
  const ends = new Map<string, number>()
  for (const { topic, key, keySeq } of erased) ends.set(`${topic} ${key}`, Math.max(ends.get(`${topic} ${key}`) ?? 0, keySeq))
  const newest = new Map<string, number>()
  for (const { producer, topic, key, keySeq } of emitted)
    if (keySeq > (ends.get(`${topic} ${key}`) ?? 0)) newest.set(`${producer} ${topic} ${key}`, keySeq)
  return newest
}

/** Exactly one entry for each event of each topic that audit reads; indexes without a gap. */
export function auditComplete({ emitted, audited, windowed, deadLetters }: Evidence): string[] {
  const topics = new Set(topicsConsumedBy('audit').map(({ name }) => name))
  const entries = new Map<string, number>()
  for (const event of windowed) entries.set(event, (entries.get(event) ?? 0) + 1)
  for (const { event } of audited) entries.set(event, (entries.get(event) ?? 0) + 1)
  const found: string[] = []
  for (const { id, topic, type, key, keySeq } of emitted) {
    if (!topics.has(topic)) continue
    const count = entries.get(id) ?? 0
    const buried = deadLetters.some((letter) => letter.service === 'audit' && letter.topic === topic && letter.key === key)
    if (count !== 1 && !buried) found.push(`${count} entries of ${type} ${key} #${keySeq}`)
    entries.delete(id)
  }
  for (const [index, entry] of [...audited].sort((a, b) => a.index - b.index).entries()) {
    if (entry.index !== index) found.push(`entry ${entry.index} stands in place ${index}`)
  }
  return found
}

export function atRest({ restless, parked }: Evidence): string[] {
  return [...restless, ...parked.filter(({ count }) => count > 0).map(({ service, count }) => `${service} has ${count} parked events`)]
}

/** Only what was made impossible to handle may be given up. */
export function unexplainedDeadLetters({ deadLetters, poisoned, brokenTimers }: Evidence): string[] {
  return deadLetters
    .filter(({ topic, key, headers }) => !(topic.startsWith('timer:') ? brokenTimers.has(key ?? '') : poisoned.has(headers['ce_id'] ?? '')))
    .map(({ service, topic, key, code, detail }) => `${service} gave up on ${topic} ${key}: ${code} ${detail}`)
}
