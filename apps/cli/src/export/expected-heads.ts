import { LiveRefused, type LoggedHead } from './judge-live.js'
import { headKey, mayHaveStored, onceOnly, type ExportedHead, type PublishedEntry } from './records.js'

export interface TakenHead {
  logged: LoggedHead
  /** Whether no event names it, because an earlier build stored it. */
  isUnnamed: boolean
  /** Heads missing before it. */
  missing: string[]
}

/** Tracks the heads that the entries since the last checkpoint report as stored, in order; each must have one record, in that order. */
export class ExpectedHeads {
  private readonly queue: PublishedEntry[] = []
  /** Number of heads of the first entry with a record. */
  private taken = 0
  /** Policy of the last head that the first entry does not name. */
  private unnamed: string | undefined
  private readonly seen = new Set<string>()
  /** Heads named by an entry. */
  private readonly named = new Set<string>()

  add(published: PublishedEntry): void {
    this.queue.push(onceOnly(published, this.named))
  }

  /**
   * Matches a head's record. Throws `LiveRefused` for a head that no entry reports, or that already had its record. `isLoose`: an earlier
   * build began the file, which is ordered by time.
   */
  take(record: ExportedHead, { isLoose }: { isLoose: boolean }): TakenHead {
    const key = headKey(record)
    if (this.seen.has(key)) throw new LiveRefused(`${key} had its record before`)
    const byName = this.queue.findIndex(({ heads }) => heads?.some((head) => headKey(head) === key) === true)
    const at = byName >= 0 ? byName : this.queue.findIndex((entry) => entry.heads === undefined && mayHaveStored(entry, record))
    const named = this.queue[at]?.heads
    if (at < 0 || (isLoose && named === undefined)) {
      if (!isLoose) throw new LiveRefused(`no entry since the last checkpoint says that ${key} was stored`)
      return { logged: { storedAt: record.storedAt, revision: record.revision }, isUnnamed: true, missing: [] }
    }
    this.seen.add(key)
    const missing = isLoose ? [] : this.drop(at)
    const entry = this.queue[isLoose ? at : 0]!
    if (named === undefined) {
      if (this.unnamed !== undefined && this.unnamed >= record.policy) throw new LiveRefused(`${key} was moved behind ${this.unnamed}`)
      this.unnamed = record.policy
      return { logged: { storedAt: entry.at }, isUnnamed: true, missing }
    }
    const place = named.findIndex((head) => headKey(head) === key)
    if (!isLoose) {
      missing.push(...named.slice(this.taken, place).map(headKey))
      this.taken = place + 1
    }
    const { revision, change } = named[place]!
    return { logged: { storedAt: entry.at, revision, change }, isUnnamed: false, missing }
  }

  /** Returns, at a checkpoint, the heads without a record. */
  end(): string[] {
    return this.drop(this.queue.length).filter((key) => !this.seen.has(key))
  }

  /** Drops the first entries, and returns their heads without a record. */
  private drop(count: number): string[] {
    if (count === 0) return []
    const dropped = this.queue.splice(0, count).flatMap(({ heads = [] }, index) => heads.slice(index === 0 ? this.taken : 0).map(headKey))
    this.taken = 0
    this.unnamed = undefined
    return dropped
  }
}
