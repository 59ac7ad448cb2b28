import { topicsConsumedBy } from '#libs/contracts'
import type { Evidence } from './evidence.js'
import type { Sighting } from './witness.js'

/**
 * Every handler sees the events of a key one after the other, none twice and none left out but for dead letters and tombstones. To
 * the audit log alone may come late what lay before the first that it saw: a log that lost its end got it back behind what is newer.
 */
export function handlersInOrder({ sightings, deadLetters, erased }: Evidence): string[] {
  const found: string[] = []
  const streams = new Map<string, Sighting[]>()
  for (const sighting of sightings) {
    const name = `${sighting.consumer} ${sighting.producer} ${sighting.topic} ${sighting.key}`
    const stream = streams.get(name)
    if (stream === undefined) streams.set(name, [sighting])
    else stream.push(sighting)
  }
  const tombstones = new Set(erased.map(({ topic, key, keySeq }) => `${topic} ${key} ${keySeq}`))
  for (const [name, stream] of streams) {
    const [consumer, , topic, key] = name.split(' ')
    const buried = deadLetters.filter((letter) => letter.service === consumer && letter.topic === topic && letter.key === key).length
    let last: number | undefined
    const begins = stream[0]!.keySeq
    const late = consumer === 'audit' ? stream.filter(({ keySeq }) => keySeq < begins).map(({ keySeq }) => keySeq) : []
    if (new Set(late).size < late.length) found.push(`${name}: ${late.join(', ')} came late, and more than once`)
    for (const { keySeq } of stream) {
      if (late.includes(keySeq)) continue
      if (last !== undefined && keySeq <= last) found.push(`${name}: ${keySeq} after ${last}`)
      let skipped = 0
      for (let missing = (last ?? keySeq) + 1; missing < keySeq; missing++) if (!tombstones.has(`${topic} ${key} ${missing}`)) skipped++
      if (skipped > buried) found.push(`${name}: ${keySeq} after ${last}, with ${buried} dead letters`)
      last = keySeq
    }
  }
  return found
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
