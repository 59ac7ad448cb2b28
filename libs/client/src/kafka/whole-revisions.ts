import type { ConfigDocument, EventData } from '#libs/contracts'
import { placeTag, placeTagsIn } from '#libs/signing'
import type { TopicRecord } from './record-source.js'

type Recorded = EventData['hms.state.recorded.v1']

/** A relay that died between two records of a bundle goes on within seconds; longer than that nobody is kept waiting for. */
const PATIENCE_MS = 10_000
/** Places in memory; the writer chooses the names. Without them a bundle waits in vain, and for `PATIENCE_MS`. */
const MAX_PLACES = 10_000
/** A log that has not been compacted for hours holds much that is overtaken already. */
const MAX_BYTES = 32 * 1024 * 1024

interface Waiting extends Recorded {
  since: number
}

/** Documents that were read and not taken yet. Those of one revision take effect in one step, so that nobody sees half a bundle. */
export class WholeRevisions {
  private waiting: Waiting[] = []
  private bytes = 0
  /** The newest revision that came, by the tag of its policy and scope. */
  private readonly came = new Map<string, number>()
  /** Keys whose record was removed since the last answer, and not written again. */
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

  /** For a record that says nothing: one without a value removes what lies under its key. What is held of it stays in force. */
  erase({ key, value }: TopicRecord): void {
    if (value === null && key !== null && this.erased.size < MAX_PLACES) this.erased.add(Buffer.from(key).toString())
  }

  takeErased(): ReadonlySet<string> {
    const { erased } = this
    this.erased = new Set()
    return erased
  }

  /** More is not kept before some of it is taken. */
  get full(): boolean {
    return this.bytes > MAX_BYTES
  }

  /** What can be taken now, in the order in which it came. */
  release(now: number): ConfigDocument[] {
    const rest = this.full ? [] : this.waiting.filter((recorded) => !this.isWhole(recorded) && now - recorded.since < PATIENCE_MS)
    const held = new Set(rest)
    const released = this.waiting.flatMap((recorded) => (held.has(recorded) ? [] : [recorded.document]))
    this.waiting = rest
    if (rest.length === 0) this.bytes = 0
    return released
  }

  /** Every other of its revision has come, or something newer in its place. */
  private isWhole({ document: { revision }, bundle = '' }: Waiting): boolean {
    return placeTagsIn(bundle).every((place) => (this.came.get(place) ?? -1) >= revision)
  }
}
