import type { ConfigDocument, EventData } from '#libs/contracts'
import { keyTag, keyTagsIn } from '#libs/signing'
import type { TopicRecord } from './record-source.js'

type Recorded = EventData['hms.state.recorded.v1']

/** Time in ms after which an incomplete bundle is applied. A relay that died between two records of a bundle resumes within seconds. */
const MAX_WAIT_MS = 10_000
/** Limit of remembered keys: a writer can invent any number of keys. A bundle with a forgotten key waits the full `MAX_WAIT_MS`. */
const MAX_KEYS = 10_000
/** Limit of waiting records in bytes. A log that was not compacted for hours has many superseded documents. */
const MAX_BYTES = 32 * 1024 * 1024

interface Waiting extends Recorded {
  since: number
}

/** Documents that were read but not applied yet. Documents of one revision take effect in one step, so no caller sees part of a bundle. */
export class WholeRevisions {
  private waiting: Waiting[] = []
  private bytes = 0
  /** Newest received revision, by the tag of its key (`policy@scope`). */
  private readonly newestByTag = new Map<string, number>()
  /** Keys whose record was removed since the last `drainErased`, and not written again. */
  private erased = new Set<string>()

  add(recorded: Recorded, bytes: number, now: number): void {
    const { id, scope, revision } = recorded.document
    const tag = keyTag(id, scope)
    this.erased.delete(`${id}@${scope}`)
    if (this.newestByTag.size >= MAX_KEYS) this.newestByTag.clear()
    this.newestByTag.set(tag, Math.max(this.newestByTag.get(tag) ?? 0, revision))
    this.waiting.push({ ...recorded, since: now })
    this.bytes += bytes
  }

  /** Handles a record without content. A tombstone marks its key as erased; the document in the copy stays in force. */
  erase({ key, value }: TopicRecord): void {
    if (value === null && key !== null && this.erased.size < MAX_KEYS) this.erased.add(Buffer.from(key).toString())
  }

  drainErased(): ReadonlySet<string> {
    const { erased } = this
    this.erased = new Set()
    return erased
  }

  /** Whether the limit is exceeded, so that documents must be applied before more are read. */
  get full(): boolean {
    return this.bytes > MAX_BYTES
  }

  /** Returns the documents that can be applied now, in order of arrival. */
  release(now: number): ConfigDocument[] {
    const rest = this.full ? [] : this.waiting.filter((recorded) => !this.isComplete(recorded) && now - recorded.since < MAX_WAIT_MS)
    const stillWaiting = new Set(rest)
    const released = this.waiting.flatMap((recorded) => (stillWaiting.has(recorded) ? [] : [recorded.document]))
    this.waiting = rest
    if (rest.length === 0) this.bytes = 0
    return released
  }

  /** Whether all other documents of the document's revision, or newer documents under their keys, have arrived. */
  private isComplete({ document: { revision }, bundle = '' }: Waiting): boolean {
    return keyTagsIn(bundle).every((tag) => (this.newestByTag.get(tag) ?? -1) >= revision)
  }
}
