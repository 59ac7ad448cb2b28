import { LiveRefused, type LoggedHead } from './judge-live.js'
import { headKey, mayHaveStored, withoutRepeatedHeads, type ExportedHead, type PublishedEntry } from '#libs/export'

export interface MatchedHead {
  logged: LoggedHead
  /** Whether no event names the head, because an earlier build stored it. */
  isUnlisted: boolean
  /** Heads whose records are missing before this one. */
  missing: string[]
}

/** Heads that the entries since the last checkpoint report as stored. Each must have exactly one record, in the order of the entries. */
export class ExpectedHeads {
  private readonly queue: PublishedEntry[] = []
  /** Index of the next unmatched head in the `heads` of the first queued entry. */
  private nextIndex = 0
  /** Policy of the last head matched to the first queued entry, if that entry lists no heads. */
  private lastUnlistedPolicy: string | undefined
  private readonly seen = new Set<string>()
  private readonly listedKeys = new Set<string>()

  add(published: PublishedEntry): void {
    this.queue.push(withoutRepeatedHeads(published, this.listedKeys))
  }

  /** Counts a head that the export states as missing. */
  excuse(key: string): void {
    this.seen.add(key)
  }

  /** Matches a record to its entry. Throws `LiveRefused`. */
  match(record: ExportedHead): MatchedHead {
    const key = headKey(record)
    if (this.seen.has(key)) throw new LiveRefused(`${key} has two records`)
    const byName = this.queue.findIndex(({ heads }) => heads?.some((head) => headKey(head) === key) === true)
    const entryIndex = byName >= 0 ? byName : this.queue.findIndex((entry) => entry.heads === undefined && mayHaveStored(entry, record))
    const entry = this.queue[entryIndex]
    if (entry === undefined) throw new LiveRefused(`no entry since the last checkpoint reports that ${key} was stored`)
    this.seen.add(key)
    const missing = this.drop(entryIndex)
    if (entry.heads === undefined) {
      if (this.lastUnlistedPolicy !== undefined && this.lastUnlistedPolicy >= record.policy)
        throw new LiveRefused(`${key} is out of order: it follows ${this.lastUnlistedPolicy}`)
      this.lastUnlistedPolicy = record.policy
      return { logged: { storedAt: entry.at }, isUnlisted: true, missing }
    }
    const index = entry.heads.findIndex((head) => headKey(head) === key)
    missing.push(...this.unseen(entry.heads.slice(this.nextIndex, index)))
    this.nextIndex = index + 1
    const { revision, change } = entry.heads[index]!
    return { logged: { storedAt: entry.at, revision, change }, isUnlisted: false, missing }
  }

  /** Empties the queue at a checkpoint. Returns the keys of the heads without a record. */
  end(): string[] {
    return this.drop(this.queue.length)
  }

  /** Drops the first `count` entries. Returns the keys of their heads after the last matched one that have no record. */
  private drop(count: number): string[] {
    if (count === 0) return []
    const dropped = this.queue.splice(0, count).flatMap(({ heads = [] }, nth) => this.unseen(heads.slice(nth === 0 ? this.nextIndex : 0)))
    this.nextIndex = 0
    this.lastUnlistedPolicy = undefined
    return dropped
  }

  private unseen(heads: readonly { policy: string; seq: number }[]): string[] {
    return heads.map(headKey).filter((key) => !this.seen.has(key))
  }
}
