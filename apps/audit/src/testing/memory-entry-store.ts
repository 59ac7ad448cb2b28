import type { Envelope } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { memoryOf, type MemoryRows } from '#libs/persistence/testing'
import type { ApprovedRelease } from '#libs/signing'
import { nameKey } from '../entries/actors.js'
import { leafHashOf, leafOf, type EntryFacts, type LogEntry, type IndexedRelease } from '../entries/entry.js'
import type { EventAttachments, EntryQuery, EntryStore } from '../entries/entry.store.js'

interface Row {
  index: number
  entry: string
  leafHash: string
  actors: readonly string[]
  signed?: Envelope
}

export class MemoryEntryStore implements EntryStore {
  async append(tx: Transaction, facts: EntryFacts, { releases = [], actors = [], signed }: EventAttachments = {}): Promise<void> {
    arrivalsOf(tx).set(facts.event, { facts, releases, actors, signed })
  }

  /** Always resolves to `undefined`: no other process writes to this memory. */
  async unsigned(): Promise<undefined> {
    return undefined
  }

  async dropUnsigned(): Promise<boolean> {
    return false
  }

  async sequence(tx: Transaction, limit: number): Promise<{ added: number; isFull: boolean }> {
    const rows = entryRowsOf(tx)
    const isFull = arrivalsOf(tx).size >= limit
    let added = 0
    for (const { facts, releases, actors, signed } of arrivalsOf(tx).values().slice(0, limit)) {
      arrivalsOf(tx).delete(facts.event)
      if (rows.get(facts.event) !== undefined) continue
      const index = rows.size
      rows.set(facts.event, { index, entry: leafOf(facts), leafHash: leafHashOf(facts).toString('hex'), actors, signed })
      for (const { id, version, digest } of releases) {
        if (releaseRowsOf(tx).get(digest) === undefined) releaseRowsOf(tx).set(digest, { digest, policy: id, version, index })
      }
      added++
    }
    return { added, isFull }
  }

  async find(tx: Transaction, query: EntryQuery): Promise<LogEntry[]> {
    const found = entryRowsOf(tx)
      .values()
      .map((row) => ({ ...row, facts: JSON.parse(row.entry) as EntryFacts }))
      .filter((row) => fits(row, query))
    const page = (query.newestFirst === true ? found.toReversed() : found).slice(0, query.limit)
    const releases = releaseRowsOf(tx).values()
    return page.map(({ index, facts, leafHash, signed, actors }) => {
      const policies = releases.filter((release) => release.index === index).map(({ policy, version }) => ({ id: policy, version }))
      const entry = { index, facts, leafHash: Buffer.from(leafHash, 'hex'), ...(query.withEvents === true && signed && { signed }) }
      return query.withActors === true ? { ...entry, actors: actors.toSorted(), policies } : entry
    })
  }
}

function fits({ actors, index, facts }: Row & { facts: EntryFacts }, query: EntryQuery): boolean {
  const { run, after, before, by, type, since, until } = query
  const at = Date.parse(facts.at)
  return (
    (after === undefined || index > after) &&
    (before === undefined || index < before) &&
    (run === undefined || facts.run === run) &&
    (by === undefined || actors.includes(nameKey(by))) &&
    (type === undefined || facts.type === type) &&
    (since === undefined || at >= since.getTime()) &&
    (until === undefined || at < until.getTime())
  )
}

interface Arrival {
  facts: EntryFacts
  releases: readonly ApprovedRelease[]
  actors: readonly string[]
  signed?: Envelope
}

function arrivalsOf(tx: Transaction): MemoryRows<Arrival> {
  return memoryOf(tx).rows<Arrival>('arrival')
}

export function entryRowsOf(tx: Transaction): MemoryRows<Row> {
  return memoryOf(tx).rows<Row>('entry')
}

export function releaseRowsOf(tx: Transaction): MemoryRows<IndexedRelease> {
  return memoryOf(tx).rows<IndexedRelease>('logged_release')
}
