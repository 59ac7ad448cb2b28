import { FRESHNESS_KEY, HEARTBEAT_KEY } from '#libs/contracts'
import type { BusRecord } from '#libs/messaging'
import { saidBy } from './state-digest.js'

/**
 * Limit of places in memory: five times the 10,000 policies that a store is made for, some 10 MB. Writers to the topic choose the keys;
 * keys beyond the limit are counted as excess, without their names.
 */
const MAX_PLACES = 50_000
/** A place is a policy's id and a scope; a longer key is not one of ours. */
const MAX_PLACE_CHARACTERS = 400
export const BEYOND = '(more places than a store has)'

/** Digest of the newest record of each key: the state of a compacted topic in some 200 bytes for each key. No I/O. */
export class TopicState {
  readonly digests = new Map<string, string>()
  private readonly seqs = new Map<string, number>()

  constructor(private readonly maxPlaces = MAX_PLACES) {}

  /** Adds a record, in the order of the log. */
  take({ key, value }: Pick<BusRecord, 'key' | 'value'>): void {
    if (key === HEARTBEAT_KEY || key === FRESHNESS_KEY) return
    const name = (key ?? '(no key)').slice(0, MAX_PLACE_CHARACTERS)
    if (value === null) {
      this.digests.delete(name)
      this.seqs.delete(name)
      return
    }
    const place = this.digests.has(name) || this.digests.size < this.maxPlaces ? name : BEYOND
    const { digest, seq } = saidBy(value)
    this.digests.set(place, digest)
    this.seqs.set(place, seq)
  }

  /** Returns the head's number in the newest record of a place. */
  seqAt(place: string): number {
    return this.seqs.get(place) ?? 0
  }

  /** Clears the state after the log restarted. */
  clear(): void {
    this.digests.clear()
    this.seqs.clear()
  }
}
