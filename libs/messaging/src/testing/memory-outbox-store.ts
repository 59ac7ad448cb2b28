import type { OutgoingEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { memoryOf, type MemoryRows } from '#libs/persistence/testing'
import type { LogPosition } from '../event-bus.js'
import type { LogEnd, OutboxRow, OutboxStore, SentRow } from '../outbox/outbox.store.js'

type Row = OutboxRow & { sentAt: number | null; position: LogPosition | null }

export class MemoryOutboxStore implements OutboxStore {
  private seq = 0
  private offset = 0

  async nextKeySeq(tx: Transaction, topic: string, key: string): Promise<number> {
    const counters = countersOf(tx)
    const keySeq = (counters.get(`${topic} ${key}`)?.keySeq ?? prunedMaximaOf(tx).get(topic) ?? 0) + 1
    counters.set(`${topic} ${key}`, { topic, keySeq, movedAt: memoryOf(tx).now.getTime() })
    return keySeq
  }

  async append(tx: Transaction, event: OutgoingEvent): Promise<void> {
    rowsOf(tx).set(event.id, { ...event, seq: ++this.seq, sentAt: null, position: null })
  }

  async unsent(tx: Transaction, limit: number): Promise<OutboxRow[]> {
    return inOrder(tx, (row) => row.sentAt === null)
      .slice(0, limit)
      .map(({ sentAt: _sentAt, position: _place, ...row }) => row)
  }

  async markSent(tx: Transaction, positions: ReadonlyMap<string, LogPosition | undefined>): Promise<ReadonlyMap<string, number>> {
    const offsets = new Map<string, number>()
    for (const row of inOrder(tx, ({ id, sentAt }) => sentAt === null && positions.has(id))) {
      const position = positions.get(row.id)
      rowsOf(tx).set(row.id, { ...row, sentAt: tx.now.getTime(), position: position ?? null })
      offsets.set(row.id, position?.offset ?? ++this.offset)
      if (position !== undefined) raiseEnd(tx, row.topic, position)
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
    return unsend(tx, (row) => row.topic === topic && row.position?.partition === partition)
  }

  async unsendSince(tx: Transaction, since: Date, afterSeq: number, limit: number): Promise<{ rows: number; lastSeq: number | null }> {
    const rows = inOrder(tx, (row) => row.seq > afterSeq && row.position !== null && Date.parse(row.time) >= since.getTime()).slice(
      0,
      limit,
    )
    const lastSeq = rows.length < limit ? null : rows.at(-1)!.seq
    return { rows: unsend(tx, ({ id }) => rows.some((row) => row.id === id)), lastSeq }
  }

  async pruneStreams(tx: Transaction, before: Date, limit: number): Promise<number> {
    const old = countersOf(tx).deleteFirst(limit, ({ movedAt }) => movedAt < before.getTime())
    for (const { topic, keySeq } of old) prunedMaximaOf(tx).set(topic, Math.max(keySeq, prunedMaximaOf(tx).get(topic) ?? 0))
    return old.length
  }

  async prune(tx: Transaction, before: Date, compacted: readonly string[], limit: number): Promise<number> {
    const newest = new Map(inOrder(tx, () => true).map((row) => [`${row.topic} ${row.key}`, row.seq]))
    const old = inOrder(tx, (row) => row.sentAt !== null && row.sentAt < before.getTime())
    const prunable = old
      .filter((row) => !compacted.includes(row.topic) || row.value === null || newest.get(`${row.topic} ${row.key}`) !== row.seq)
      .slice(0, limit)
    for (const { id } of prunable) rowsOf(tx).delete(id)
    return prunable.length
  }

  async pending(tx: Transaction): Promise<{ count: number; oldestAt: Date | null }> {
    const rows = inOrder(tx, (row) => row.sentAt === null)
    return { count: rows.length, oldestAt: rows[0] === undefined ? null : new Date(rows[0].time) }
  }
}

interface StreamCounter {
  topic: string
  keySeq: number
  /** Epoch milliseconds of the last event. */
  movedAt: number
}

function countersOf(tx: Transaction): MemoryRows<StreamCounter> {
  return memoryOf(tx).rows<StreamCounter>('stream_head')
}

/** Returns the highest pruned number, by topic. */
function prunedMaximaOf(tx: Transaction): MemoryRows<number> {
  return memoryOf(tx).rows<number>('forgotten_stream')
}

function inOrder(tx: Transaction, matches: (row: Row) => boolean): Row[] {
  return rowsOf(tx)
    .values()
    .filter(matches)
    .sort((a, b) => a.seq - b.seq)
}

function unsend(tx: Transaction, matches: (row: Row) => boolean): number {
  const rows = inOrder(tx, matches)
  for (const row of rows) rowsOf(tx).set(row.id, { ...row, sentAt: null, position: null })
  return rows.length
}

function raiseEnd(tx: Transaction, topic: string, position: LogPosition): void {
  const id = `${topic} ${position.partition}`
  if (position.offset > (endsOf(tx).get(id)?.offset ?? -1)) endsOf(tx).set(id, { topic, ...position })
}

function rowsOf(tx: Transaction): MemoryRows<Row> {
  return memoryOf(tx).rows<Row>('outbox')
}

function endsOf(tx: Transaction): MemoryRows<LogEnd> {
  return memoryOf(tx).rows<LogEnd>('log_end')
}
