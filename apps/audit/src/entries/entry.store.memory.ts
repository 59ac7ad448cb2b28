import { memoryOf, type MemoryRows, type Transaction } from '#libs/persistence'
import type { ApprovedRelease } from '#libs/signing'
import { leafHashOf, leafOf, type EntryFacts, type LogEntry, type LoggedRelease } from './entry.js'
import type { EntryQuery, EntryStore } from './entry.store.js'

interface Row {
  index: number
  entry: string
  leafHash: string
}

export class MemoryEntryStore implements EntryStore {
  async take(tx: Transaction, facts: EntryFacts, releases: readonly ApprovedRelease[] = []): Promise<void> {
    arrivalsOf(tx).set(facts.event, { facts, releases })
  }

  async place(tx: Transaction, limit: number): Promise<number> {
    const rows = entryRowsOf(tx)
    let added = 0
    for (const { facts, releases } of arrivalsOf(tx).values().slice(0, limit)) {
      arrivalsOf(tx).delete(facts.event)
      if (rows.get(facts.event) !== undefined) continue
      const index = rows.size
      rows.set(facts.event, { index, entry: leafOf(facts), leafHash: leafHashOf(facts).toString('hex') })
      for (const { id, version, digest } of releases) {
        if (releaseRowsOf(tx).get(digest) === undefined) releaseRowsOf(tx).set(digest, { digest, policy: id, version, index })
      }
      added++
    }
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

interface Arrival {
  facts: EntryFacts
  releases: readonly ApprovedRelease[]
}

function arrivalsOf(tx: Transaction): MemoryRows<Arrival> {
  return memoryOf(tx).rows<Arrival>('arrival')
}

export function entryRowsOf(tx: Transaction): MemoryRows<Row> {
  return memoryOf(tx).rows<Row>('entry')
}

export function releaseRowsOf(tx: Transaction): MemoryRows<LoggedRelease> {
  return memoryOf(tx).rows<LoggedRelease>('logged_release')
}
