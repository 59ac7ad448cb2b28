import { groupBy, type VerifiedEvent } from '#libs/contracts'
import { digestOf, digestOfPayload } from '#libs/signing'
import type { EntryFacts } from '../entries/entry.js'

export const WINDOW_MS = 60_000
export const WINDOW_KEY = '~window'

/** Event that waits for its window to end. */
export interface WindowedEvent {
  event: string
  topic: string
  source: string
  type: string
  run: number | null
  /** Start of the window by the producer's time; the end is exclusive. */
  from: string
  until: string
  /** SHA-256 over the payload bytes that the producer signed. */
  digest: string
}

export function windowedOf(event: VerifiedEvent): WindowedEvent {
  const fromMs = Math.floor(Date.parse(event.time) / WINDOW_MS) * WINDOW_MS
  return {
    event: event.id,
    topic: event.topic,
    source: event.source,
    type: event.type,
    run: runIn(event.data),
    from: new Date(fromMs).toISOString(),
    until: new Date(fromMs + WINDOW_MS).toISOString(),
    digest: digestOfPayload(event.envelope),
  }
}

/** Builds the input of a window's digest: a line `EVENT DIGEST` for each event, in the order of their ids. */
export function listingOf(events: readonly WindowedEvent[]): string {
  return events
    .map(({ event, digest }) => `${event} ${digest}\n`)
    .sort()
    .join('')
}

/** Groups events by window, topic, source, type and run. */
export function groupsOf(events: readonly WindowedEvent[]): WindowedEvent[][] {
  const groups = groupBy(events, ({ from, topic, source, type, run }) => JSON.stringify([from, topic, source, type, run]))
  return [...groups.keys()].sort().map((key) => groups.get(key)!)
}

/** Builds the entry of one group. `event` is an id of the entry itself, because the entry covers many events. */
export function factsOfWindow(events: readonly WindowedEvent[], event: string): EntryFacts {
  const { topic, source, type, run, from, until } = events[0]!
  const window = { from, until, events: events.length }
  return { v: 3, at: until, source, type, topic, key: WINDOW_KEY, run, attempt: null, event, digest: digestOf(listingOf(events)), window }
}

/** Returns the run that the data refers to. The event itself belongs to no run, because a failure to process it must not fail that run. */
function runIn(data: unknown): number | null {
  const { ofRun } = (data ?? {}) as { ofRun?: unknown }
  return Number.isSafeInteger(ofRun) ? (ofRun as number) : null
}
