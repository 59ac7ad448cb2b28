import type { OutgoingEvent } from '#libs/contracts'
import { memoryOf, type MemoryRows, type Transaction } from '#libs/persistence'
import type { OutboxRow, OutboxStore } from './outbox.store.js'

type Row = OutboxRow & { sent: boolean }

export class MemoryOutboxStore implements OutboxStore {
  private seq = 0
  private offset = 0

  async nextKeySeq(tx: Transaction, topic: string, key: string): Promise<number> {
    const heads = memoryOf(tx).rows<number>('stream_head')
    const next = (heads.get(`${topic} ${key}`) ?? 0) + 1
    heads.set(`${topic} ${key}`, next)
    return next
  }

  async append(tx: Transaction, event: OutgoingEvent): Promise<void> {
    rowsOf(tx).set(event.id, { ...event, seq: ++this.seq, sent: false })
  }

  async unsent(tx: Transaction, limit: number): Promise<OutboxRow[]> {
    return rowsOf(tx)
      .values()
      .filter((row) => !row.sent)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit)
  }

  async markSent(tx: Transaction, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const offsets = new Map<string, number>()
    for (const id of ids) {
      const row = rowsOf(tx).get(id)
      if (row === undefined || row.sent) continue
      rowsOf(tx).set(id, { ...row, sent: true })
      offsets.set(id, ++this.offset)
    }
    return offsets
  }

  async oldestUnsentAt(tx: Transaction): Promise<Date | null> {
    const [oldest] = await this.unsent(tx, 1)
    return oldest === undefined ? null : new Date(oldest.time)
  }
}

function rowsOf(tx: Transaction): MemoryRows<Row> {
  return memoryOf(tx).rows<Row>('outbox')
}
