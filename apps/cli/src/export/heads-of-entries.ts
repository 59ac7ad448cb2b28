import type { ApiClient } from '#libs/client'
import type { LiveRecord } from '#libs/contracts'
import { exportedHead, headKey, mayHaveStored, type ExportedHead, type PublishedEntry } from './records.js'

const HEADS_AT_ONCE = 100

/**
 * Yields the heads that these entries report as stored, in the order of the entries. `/v1/history` is ordered by time, and the log may have
 * two entries the other way round, so early records are buffered. `isKnown`: heads in the file. `missing` is called for a head that the log
 * names and the store lacks.
 */
export async function* headsOfEntries(
  client: ApiClient,
  published: readonly PublishedEntry[],
  { isKnown, missing }: { isKnown(key: string): boolean; missing(key: string): void },
): AsyncGenerator<ExportedHead, void, undefined> {
  const source = new HeadSource(client, published)
  for (const entry of published) {
    if (entry.heads === undefined) {
      for (const record of await source.unnamed(entry)) if (!isKnown(headKey(record))) yield exportedHead(record, undefined)
      continue
    }
    for (const named of entry.heads) {
      const record = await source.named(headKey(named))
      if (record === undefined) missing(headKey(named))
      else yield exportedHead(record, named)
    }
  }
}

/** Reads pages of `/v1/history` from the first of these entries to the last; records are buffered until their entry's turn. */
class HeadSource {
  private readonly waiting = new Map<string, LiveRecord>()
  private readonly names: ReadonlySet<string>
  private readonly until: string
  private after: string | undefined
  private isOver: boolean

  constructor(
    private readonly client: ApiClient,
    published: readonly PublishedEntry[],
  ) {
    this.names = new Set(published.flatMap(({ heads = [] }) => heads.map(headKey)))
    const times = published.map(({ at }) => at).sort()
    this.isOver = times.length === 0
    this.until = times.at(-1) ?? ''
    // `after` is exclusive.
    this.after = this.isOver ? undefined : new Date(Date.parse(times[0]!) - 1).toISOString()
  }

  async named(key: string): Promise<LiveRecord | undefined> {
    while (!this.waiting.has(key) && !this.isOver) await this.read()
    const record = this.waiting.get(key)
    this.waiting.delete(key)
    return record
  }

  /** Returns heads of one moment that no event names, by policy. */
  async unnamed(entry: PublishedEntry): Promise<LiveRecord[]> {
    while (!this.isOver && this.after! < entry.at) await this.read()
    const found = [...this.waiting.values()].filter((record) => !this.names.has(headKey(record)) && mayHaveStored(entry, record))
    for (const record of found) this.waiting.delete(headKey(record))
    return found.sort((a, b) => (a.policy < b.policy ? -1 : 1))
  }

  private async read(): Promise<void> {
    const records = await this.client.get('/v1/history', { after: this.after, limit: HEADS_AT_ONCE })
    for (const record of records) if (record.storedAt <= this.until) this.waiting.set(headKey(record), record)
    this.after = records.at(-1)?.storedAt
    this.isOver = this.after === undefined || this.after > this.until
  }
}
