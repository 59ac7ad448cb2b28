import { memoryOf, type MemoryRows, type Transaction } from '#libs/persistence'
import { leafHashOf, leafOf, type EntryFacts, type LogEntry } from './entry.js'
import type { LoggedRelease } from '../log/tree.store.js'
import type { EntryQuery, EntryStore } from './entry.store.js'

interface Row {
  index: number
  entry: string
  leafHash: string
}

export class MemoryEntryStore implements EntryStore {
  async append(tx: Transaction, facts: EntryFacts): Promise<LogEntry | undefined> {
    const rows = entryRowsOf(tx)
    if (rows.get(facts.event) !== undefined) return undefined
    const added = { index: rows.values().length, facts, leafHash: leafHashOf(facts) }
    rows.set(facts.event, { index: added.index, entry: leafOf(facts), leafHash: added.leafHash.toString('hex') })
    for (const { id, version, digest } of facts.releases ?? []) releaseRowsOf(tx).set(digest, { digest, policy: id, version, index: added.index })
    return added
  }

  async find(tx: Transaction, { run, after = -1, limit }: EntryQuery): Promise<LogEntry[]> {
    return entryRowsOf(tx)
      .values()
      .map(({ index, entry, leafHash }) => ({ index, facts: JSON.parse(entry) as EntryFacts, leafHash: Buffer.from(leafHash, 'hex') }))
      .filter(({ index, facts }) => index > after && (run === undefined || facts.run === run))
      .slice(0, limit)
  }
}

export function entryRowsOf(tx: Transaction): MemoryRows<Row> {
  return memoryOf(tx).rows<Row>('entry')
}

export function releaseRowsOf(tx: Transaction): MemoryRows<LoggedRelease> {
  return memoryOf(tx).rows<LoggedRelease>('logged_release')
}
