import { canonicalJson, type Envelope, type EventData, FRESHNESS_KEY, HEARTBEAT_KEY, peekPredicate } from '#libs/contracts'
import type { BusRecord, EventBus, LogPart, ReadPosition } from '#libs/messaging'
import { createHash } from 'node:crypto'

/** Limit of reads of the log in one pass, so that the pass ends even if a writer never stops. */
const MAX_PARTS = 5_000
/**
 * Limit of places in memory: five times the 10,000 policies that a store is made for, some 10 MB. Writers to the topic choose the keys; all
 * keys beyond the limit share the entry `FURTHER_KEYS`.
 */
const MAX_PLACES = 50_000
/** Limit of characters of a key: a place is a policy id and a scope, and a longer key cannot be one. */
const MAX_PLACE_CHARACTERS = 400
export const FURTHER_KEYS = '(more places than a store has)'

/** State of the compacted topic: a digest of the newest record of each key, some 200 bytes per key. No I/O. */
export class TopicState {
  readonly digests = new Map<string, string>()
  private readonly seqs = new Map<string, number>()

  constructor(private readonly maxPlaces = MAX_PLACES) {}

  /** Adds a record, in the order of the log. */
  add({ key, value }: Pick<BusRecord, 'key' | 'value'>): void {
    if (key === HEARTBEAT_KEY || key === FRESHNESS_KEY) return
    const name = (key ?? '(no key)').slice(0, MAX_PLACE_CHARACTERS)
    if (value === null) {
      this.digests.delete(name)
      this.seqs.delete(name)
      return
    }
    const place = this.digests.has(name) || this.digests.size < this.maxPlaces ? name : FURTHER_KEYS
    const { digest, seq } = stateOfRecord(value)
    this.digests.set(place, digest)
    this.seqs.set(place, seq)
  }

  /** Returns the head's `seq` in the newest record of a place; 0 without a record. */
  seqAt(place: string): number {
    return this.seqs.get(place) ?? 0
  }

  /** Clears the state after the log restarted. */
  clear(): void {
    this.digests.clear()
    this.seqs.clear()
  }
}

/** Reads the topic of state; returns whether its end was reached. */
export async function readStateTopic(bus: EventBus, from: ReadPosition, onPart: (part: LogPart) => void): Promise<boolean> {
  let position = from
  for (let parts = 0; parts < MAX_PARTS; parts++) {
    const part = await bus.read({ name: 'hms.config.state.v1', producer: 'config-store' }, position)
    onPart(part)
    if (part.end) return true
    position = part.next
  }
  return false
}

/** 128 bits, so that a writer of records cannot find a second document with the same digest. */
const DIGEST_CHARACTERS = 22

/** Returns the digest of the state at one place, independent of the order of members. */
export function digestOfState(state: EventData['hms.state.recorded.v1']): string {
  return digestOf(canonicalJson(state))
}

/**
 * Returns the digest of a record's value and the `seq` of its head; for a value that is not an event of state, a digest that no document
 * has, and `seq` 0. Does not check the event's signature: readers do not either, and the content is compared with the database.
 */
export function stateOfRecord(value: string): { digest: string; seq: number } {
  try {
    const { type, data } = peekPredicate<{ type?: unknown; data?: { document?: { seq?: unknown } } }>(JSON.parse(value) as Envelope)
    if (type === 'hms.state.recorded.v1') return { digest: digestOf(canonicalJson(data)), seq: Number(data?.document?.seq) || 0 }
  } catch {
    // The value is not JSON, not a statement, or nested deeper than the stack: it cannot equal a row of the database.
  }
  return { digest: digestOf(`unreadable ${value}`), seq: 0 }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_CHARACTERS)
}

/** `changed`: the place is in both with different content. `missing`: only in the database. `unknown`: only on the topic. */
export type DifferenceKind = 'changed' | 'missing' | 'unknown'
export const DIFFERENCE_KINDS: readonly DifferenceKind[] = ['changed', 'missing', 'unknown']

/** Limit of places that a log line names. */
export const MAX_NAMED = 10

export interface Difference {
  place: string
  kind: DifferenceKind
  /** Both digests. The same pair at the next check means that no change is in progress. */
  pair: string
}

/** Compares digests by place; empty if topic and database are equal at every place. Pure. */
export function differencesBetween(database: ReadonlyMap<string, string>, topic: ReadonlyMap<string, string>): Difference[] {
  const found: Difference[] = []
  for (const [place, stored] of database) {
    const recorded = topic.get(place)
    if (recorded !== stored)
      // guard: state-check-of-rows
      found.push({ place, kind: recorded === undefined ? 'missing' : 'changed', pair: `${stored} ${recorded ?? ''}` })
  }
  for (const [place, recorded] of topic) if (!database.has(place)) found.push({ place, kind: 'unknown', pair: ` ${recorded}` })
  return found
}

/**
 * Returns the differences that the previous check found too. A head is in the database before it is on the topic, and the two are not read
 * at the same moment, so a difference found once may be a change in progress.
 */
export function persisting(found: readonly Difference[], before: readonly Difference[]): Difference[] {
  const previous = new Map(before.map(({ place, pair }) => [place, pair]))
  return found.filter(({ place, pair }) => previous.get(place) === pair) // guard: state-check-under-way
}
