import type { ConfigDocument, EventData } from '#libs/contracts'
import { placeTag, placeTagsIn } from '#libs/signing'
import type { TopicRecord } from './record-source.js'

type Recorded = EventData['hms.state.recorded.v1']

/** A relay that died between two records of a bundle resumes within seconds; after this time the bundle is applied incomplete. */
const PATIENCE_MS = 10_000
/** Maximum remembered places, since the writer chooses the names. A bundle with a dropped place waits for `PATIENCE_MS`. */
const MAX_PLACES = 10_000
/** A log that has not been compacted for hours contains many superseded documents. */
const MAX_BYTES = 32 * 1024 * 1024

interface Waiting extends Recorded {
  since: number
}

/** Documents that were read but not applied. Those of one revision take effect in one step, so no reader sees part of a bundle. */
export class WholeRevisions {
  private waiting: Waiting[] = []
  private bytes = 0
  /** Newest received revision, by the tag of its policy and scope. */
  private readonly came = new Map<string, number>()
  /** Keys whose record was removed since the last call, and not written again. */
  private erased = new Set<string>()

  add(recorded: Recorded, bytes: number, now: number): void {
    const { id, scope, revision } = recorded.document
    const place = placeTag(id, scope)
    this.erased.delete(`${id}@${scope}`)
    if (this.came.size >= MAX_PLACES) this.came.clear()
    this.came.set(place, Math.max(this.came.get(place) ?? 0, revision))
    this.waiting.push({ ...recorded, since: now })
    this.bytes += bytes
  }

  /** Handles a record without content: a tombstone removes the record of its key. The document in the copy stays in force. */
  erase({ key, value }: TopicRecord): void {
    if (value === null && key !== null && this.erased.size < MAX_PLACES) this.erased.add(Buffer.from(key).toString())
  }

  takeErased(): ReadonlySet<string> {
    const { erased } = this
    this.erased = new Set()
    return erased
  }

  /** Whether the limit is reached: no more is read before some of it is applied. */
  get full(): boolean {
    return this.bytes > MAX_BYTES
  }

  /** Returns the documents that can be applied now, in order of arrival. */
  release(now: number): ConfigDocument[] {
    const rest = this.full ? [] : this.waiting.filter((recorded) => !this.isWhole(recorded) && now - recorded.since < PATIENCE_MS)
    const held = new Set(rest)
    const released = this.waiting.flatMap((recorded) => (held.has(recorded) ? [] : [recorded.document]))
    this.waiting = rest
    if (rest.length === 0) this.bytes = 0
    return released
  }

  /** Whether all others of its revision have arrived, or newer ones in their places. */
  private isWhole({ document: { revision }, bundle = '' }: Waiting): boolean {
    return placeTagsIn(bundle).every((place) => (this.came.get(place) ?? -1) >= revision)
  }
}
