import type { LiveRecord } from '#libs/contracts'
import { headKey, withoutRepeatedHeads, type PublishedEntry } from '#libs/export'
import { LiveRefused, type LoggedHead } from './judge-live.js'

/** Heads that the entries since the last checkpoint report as stored. Each must have exactly one record, in the order of the entries. */
export class ExpectedHeads {
  private readonly queue: PublishedEntry[] = []
  /** Index of the next unmatched head in the `heads` of the first queued entry. */
  private nextIndex = 0
  private readonly seen = new Set<string>()
  private readonly listedKeys = new Set<string>()

  add(published: PublishedEntry): void {
    this.queue.push(withoutRepeatedHeads(published, this.listedKeys))
  }

  /** Counts a head that the export states as missing. */
  excuse(key: string): void {
    this.seen.add(key)
  }

  /** Matches a record to its entry. `missing`: heads whose records are missing before this one. Throws `LiveRefused`. */
  match(record: LiveRecord): { logged: LoggedHead; missing: string[] } {
    const key = headKey(record)
    if (this.seen.has(key)) throw new LiveRefused(`${key} has two records`)
    const entryIndex = this.queue.findIndex(({ heads }) => heads.some((head) => headKey(head) === key))
    const entry = this.queue[entryIndex]
    if (entry === undefined) throw new LiveRefused(`no entry since the last checkpoint reports that ${key} was stored`)
    this.seen.add(key)
    const missing = this.drop(entryIndex)
    const index = entry.heads.findIndex((head) => headKey(head) === key)
    missing.push(...this.unseen(entry.heads.slice(this.nextIndex, index)))
    this.nextIndex = index + 1
    return { logged: { ...entry.heads[index]!, storedAt: entry.at }, missing }
  }

  /** Empties the queue at a checkpoint. Returns the keys of the heads without a record. */
  end(): string[] {
    return this.drop(this.queue.length)
  }

  /** Drops the first `count` entries. Returns the keys of their heads after the last matched one that have no record. */
  private drop(count: number): string[] {
    if (count === 0) return []
    const dropped = this.queue.splice(0, count).flatMap(({ heads }, nth) => this.unseen(heads.slice(nth === 0 ? this.nextIndex : 0)))
    this.nextIndex = 0
    return dropped
  }

  private unseen(heads: readonly { policy: string; seq: number }[]): string[] {
    return heads.map(headKey).filter((key) => !this.seen.has(key))
  }
}
