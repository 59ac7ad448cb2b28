import type { OutgoingEvent } from '#libs/contracts'
import { memoryOf, type MemoryRows, type Transaction } from '#libs/persistence'
import type { LogPosition } from '../event-bus.js'
import type { LogEnd, OutboxRow, OutboxStore, SentRow } from './outbox.store.js'

type Row = OutboxRow & { sentAt: number | null; place: LogPosition | null }

export class MemoryOutboxStore implements OutboxStore {
  private seq = 0
  private offset = 0

  async nextKeySeq(tx: Transaction, topic: string, key: string): Promise<number> {
    const heads = headsOf(tx)
    const keySeq = (heads.get(`${topic} ${key}`)?.keySeq ?? forgottenOf(tx).get(topic) ?? 0) + 1
    heads.set(`${topic} ${key}`, { topic, keySeq, movedAt: memoryOf(tx).now.getTime() })
    return keySeq
  }

  async append(tx: Transaction, event: OutgoingEvent): Promise<void> {
    rowsOf(tx).set(event.id, { ...event, seq: ++this.seq, sentAt: null, place: null })
  }

  async unsent(tx: Transaction, limit: number): Promise<OutboxRow[]> {
    return inOrder(tx, (row) => row.sentAt === null)
      .slice(0, limit)
      .map(({ sentAt: _sentAt, place: _place, ...row }) => row)
  }

  async markSent(tx: Transaction, places: ReadonlyMap<string, LogPosition | undefined>): Promise<ReadonlyMap<string, number>> {
    const offsets = new Map<string, number>()
    for (const row of inOrder(tx, ({ id, sentAt }) => sentAt === null && places.has(id))) {
      const place = places.get(row.id)
      rowsOf(tx).set(row.id, { ...row, sentAt: tx.now.getTime(), place: place ?? null })
      offsets.set(row.id, place?.offset ?? ++this.offset)
      if (place !== undefined) raiseEnd(tx, row.topic, place)
    }
    return offsets
  }

  async sendUnsent(tx: Transaction, limit: number): Promise<SentRow[]> {
    const rows = await this.unsent(tx, limit)
    const offsets = await this.markSent(tx, new Map(rows.map(({ id }) => [id, undefined])))
    return rows.map((row) => ({ ...row, offset: offsets.get(row.id)! }))
  }

  async logEnds(tx: Transaction): Promise<LogEnd[]> {
    return endsOf(tx).values()
  }

  async unsendPartition(tx: Transaction, topic: string, partition: number): Promise<number> {
    endsOf(tx).delete(`${topic} ${partition}`)
    return unsend(tx, (row) => row.topic === topic && row.place?.partition === partition)
  }

  async unsendSince(tx: Transaction, since: Date, afterSeq: number, limit: number): Promise<{ rows: number; lastSeq: number | null }> {
    const rows = inOrder(tx, (row) => row.seq > afterSeq && row.place !== null && Date.parse(row.time) >= since.getTime()).slice(0, limit)
    const lastSeq = rows.length < limit ? null : rows.at(-1)!.seq
    return { rows: unsend(tx, ({ id }) => rows.some((row) => row.id === id)), lastSeq }
  }

  async pruneStreams(tx: Transaction, before: Date, limit: number): Promise<number> {
    const old = headsOf(tx).deleteFirst(limit, ({ movedAt }) => movedAt < before.getTime())
    for (const { topic, keySeq } of old) forgottenOf(tx).set(topic, Math.max(keySeq, forgottenOf(tx).get(topic) ?? 0))
    return old.length
  }

  async prune(tx: Transaction, before: Date, compacted: readonly string[], limit: number): Promise<number> {
    const newest = new Map(inOrder(tx, () => true).map((row) => [`${row.topic} ${row.key}`, row.seq]))
    const old = inOrder(tx, (row) => row.sentAt !== null && row.sentAt < before.getTime())
    const gone = old
      .filter((row) => !compacted.includes(row.topic) || row.value === null || newest.get(`${row.topic} ${row.key}`) !== row.seq)
      .slice(0, limit)
    for (const { id } of gone) rowsOf(tx).delete(id)
    return gone.length
  }

  async pending(tx: Transaction): Promise<{ count: number; oldestAt: Date | null }> {
    const rows = inOrder(tx, (row) => row.sentAt === null)
    return { count: rows.length, oldestAt: rows[0] === undefined ? null : new Date(rows[0].time) }
  }
}

interface Head {
  topic: string
  keySeq: number
  /** Epoch milliseconds of the last event. */
  movedAt: number
}

function headsOf(tx: Transaction): MemoryRows<Head> {
  return memoryOf(tx).rows<Head>('stream_head')
}

/** Returns the highest pruned number, by topic. */
function forgottenOf(tx: Transaction): MemoryRows<number> {
  return memoryOf(tx).rows<number>('forgotten_stream')
}

function inOrder(tx: Transaction, which: (row: Row) => boolean): Row[] {
  return rowsOf(tx)
    .values()
    .filter(which)
    .sort((a, b) => a.seq - b.seq)
}

function unsend(tx: Transaction, which: (row: Row) => boolean): number {
  const rows = inOrder(tx, which)
  for (const row of rows) rowsOf(tx).set(row.id, { ...row, sentAt: null, place: null })
  return rows.length
}

function raiseEnd(tx: Transaction, topic: string, place: LogPosition): void {
  const id = `${topic} ${place.partition}`
  if (place.offset > (endsOf(tx).get(id)?.offset ?? -1)) endsOf(tx).set(id, { topic, ...place })
}

function rowsOf(tx: Transaction): MemoryRows<Row> {
  return memoryOf(tx).rows<Row>('outbox')
}

function endsOf(tx: Transaction): MemoryRows<LogEnd> {
  return memoryOf(tx).rows<LogEnd>('log_end')
}
