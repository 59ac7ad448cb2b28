import { currentTraceparent } from '#libs/platform'
import type { Transaction } from '../database.js'
import { memoryOf } from './memory-database.js'
import type { MemoryRows } from './memory-rows.js'
import type { NewTimer, Timer, TimerStore } from '../timers/timer.store.js'

type Row = Timer & { leaseUntil: Date | null }

export class MemoryTimerStore implements TimerStore {
  private epoch = 0

  async schedule(tx: Transaction, timer: NewTimer): Promise<void> {
    rowsOf(tx).set(timer.id, {
      ...timer,
      keys: [...timer.keys],
      data: { ...timer.data },
      traceparent: currentTraceparent() ?? null,
      leaseEpoch: ++this.epoch,
      tries: 0,
      waits: 0,
      leaseUntil: null,
    })
  }

  async cancel(tx: Transaction, ...ids: string[]): Promise<void> {
    for (const id of ids) rowsOf(tx).delete(id)
  }

  async claimDue(tx: Transaction, limit: number, leaseMs: number): Promise<Timer[]> {
    const due = rowsOf(tx)
      .values()
      .filter((row) => row.dueAt <= tx.now && (row.leaseUntil === null || row.leaseUntil <= tx.now))
      .sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime())
      .slice(0, limit)
      .map((row) => ({ ...row, leaseEpoch: ++this.epoch, leaseUntil: new Date(tx.now.getTime() + leaseMs) }))
    for (const row of due) rowsOf(tx).set(row.id, row)
    return due
  }

  async take(tx: Transaction, timer: Timer): Promise<boolean> {
    return rowsOf(tx).get(timer.id)?.leaseEpoch === timer.leaseEpoch && rowsOf(tx).delete(timer.id)
  }

  async renew(tx: Transaction, timer: Timer, leaseMs: number): Promise<boolean> {
    const row = rowsOf(tx).get(timer.id)
    if (row?.leaseEpoch !== timer.leaseEpoch) return false
    rowsOf(tx).set(row.id, { ...row, leaseUntil: new Date(tx.now.getTime() + leaseMs) })
    return true
  }

  async failed(tx: Transaction, timer: Timer, counter: 'tries' | 'waits', delayMs: number): Promise<boolean> {
    const row = rowsOf(tx).get(timer.id)
    if (row?.leaseEpoch !== timer.leaseEpoch) return false
    rowsOf(tx).set(row.id, { ...row, [counter]: row[counter] + 1, leaseUntil: new Date(tx.now.getTime() + delayMs) })
    return true
  }

  async nextDueInMs(tx: Transaction): Promise<number | null> {
    const times = rowsOf(tx)
      .values()
      .map((row) => Math.max(row.dueAt.getTime(), row.leaseUntil?.getTime() ?? 0))
    return times.length === 0 ? null : Math.min(...times) - tx.now.getTime()
  }

  async pending(tx: Transaction, idPrefix: string): Promise<Timer[]> {
    return rowsOf(tx)
      .values()
      .filter((row) => row.id.startsWith(idPrefix))
  }
}

function rowsOf(tx: Transaction): MemoryRows<Row> {
  return memoryOf(tx).rows<Row>('timer')
}
