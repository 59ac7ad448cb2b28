import { LiveRefused, type LoggedHead } from './judge-live.js'
import { headKey, mayHaveStored, onceOnly, type ExportedHead, type PublishedEntry } from './records.js'

export interface TakenHead {
  logged: LoggedHead
  /** No event names it: an earlier build stored it. */
  isUnnamed: boolean
  /** Heads that should have come before it. */
  missing: string[]
}

/** Heads that the entries since the last checkpoint say were stored, in their order; each has its record once, in that order. */
export class ExpectedHeads {
  private queue: PublishedEntry[] = []
  /** Heads of the first entry that had their record. */
  private taken = 0
  /** The policy of the last head that the first entry does not name. */
  private unnamed: string | undefined
  private readonly seen = new Set<string>()
  /** Heads that an entry named. */
  private readonly named = new Set<string>()

  add(published: PublishedEntry): void {
    this.queue.push(onceOnly(published, this.named))
  }

  /**
   * Throws `LiveRefused` for a head that no entry stored, or that had its record. `isLoose`: an earlier build began the file, in the order
   * of times.
   */
  take(record: ExportedHead, { isLoose }: { isLoose: boolean }): TakenHead {
    const key = headKey(record)
    if (this.seen.has(key)) throw new LiveRefused(`${key} had its record before`)
    const byName = this.queue.findIndex(({ heads }) => heads?.some((head) => headKey(head) === key) === true)
    const at = byName >= 0 ? byName : this.queue.findIndex((entry) => entry.heads === undefined && mayHaveStored(entry, record))
    const named = this.queue[at]?.heads
    if (at < 0 || (isLoose && named === undefined)) {
      if (!isLoose) throw new LiveRefused(`no entry since the last checkpoint says that ${key} was stored`)
      return { logged: looseOf(record), isUnnamed: true, missing: [] }
    }
    this.seen.add(key)
    const missing = isLoose ? [] : this.skipTo(at)
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
    return { logged: { storedAt: entry.at, revision, ...(change === undefined ? {} : { change }) }, isUnnamed: false, missing }
  }

  /** At a checkpoint: heads that had no record. */
  end(): string[] {
    const missing = this.queue.flatMap(({ heads = [] }, index) => heads.slice(index === 0 ? this.taken : 0).map(headKey))
    this.forget(this.queue.length)
    return missing.filter((key) => !this.seen.has(key))
  }

  private skipTo(at: number): string[] {
    if (at === 0) return []
    const missing = this.queue.slice(0, at).flatMap(({ heads = [] }, index) => heads.slice(index === 0 ? this.taken : 0).map(headKey))
    this.forget(at)
    return missing
  }

  private forget(count: number): void {
    this.queue = this.queue.slice(count)
    this.taken = 0
    this.unnamed = undefined
  }
}

/** In a file of an earlier build a head that no event names is what its record says. */
function looseOf({ storedAt, revision }: ExportedHead): LoggedHead {
  return { storedAt, ...(revision === undefined ? {} : { revision }) }
}
