import type { Clock } from '#libs/platform'
import type { Database, DocumentTable, Documents, Transaction } from '../database.js'
import { MemoryDocuments } from './memory-documents.js'
import { MemoryRows } from './memory-rows.js'

/**
 * Memory adapter of the database, for tests: transactions run sequentially, writes are staged and applied at commit, values are copied in
 * and out, and time comes from the given clock.
 */
export class MemoryDatabase implements Database {
  readonly kind = 'memory'
  private readonly tables = new Map<string, Map<string, unknown>>()
  private tail: Promise<unknown> = Promise.resolve()
  private closed = false

  constructor(private readonly clock: Clock) {}

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const run = this.tail.then(() => this.run(work))
    this.tail = run.catch(() => {})
    return run
  }

  locked<T>(_keys: readonly string[], work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.transaction(work)
  }

  autocommit<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.transaction(work)
  }

  async pruneLocks(_above: number, _limit: number): Promise<number> {
    return 0
  }

  async close(): Promise<void> {
    this.closed = true
    await this.tail
  }

  private async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.closed) throw new Error('the database is closed')
    const tx = new MemoryTransaction(this.tables, this.clock.now())
    const result = await work(tx)
    tx.commit()
    return result
  }
}

/** Transaction of the memory store adapters. */
export class MemoryTransaction implements Transaction {
  private readonly staged = new Map<string, MemoryRows<unknown>>()
  private readonly effects: (() => void)[] = []

  constructor(
    private readonly tables: Map<string, Map<string, unknown>>,
    readonly now: Date,
  ) {}

  async lock(_keys: readonly string[]): Promise<void> {
    // Transactions are sequential: the lock is already held.
  }

  holds(): boolean {
    return true
  }

  documents<T extends object>(table: DocumentTable<T>): Documents<T> {
    const putAt = table.keep === undefined ? undefined : this.rows<number>(`put:${table.name}`)
    return new MemoryDocuments(table, this.rows<T>(`document:${table.name}`), putAt, this.now)
  }

  rows<R>(name: string): MemoryRows<R> {
    let rows = this.staged.get(name)
    if (rows === undefined) {
      let committed = this.tables.get(name)
      if (committed === undefined) this.tables.set(name, (committed = new Map()))
      rows = new MemoryRows<unknown>(committed)
      this.staged.set(name, rows)
    }
    return rows as MemoryRows<R>
  }

  afterCommit(effect: () => void): void {
    this.effects.push(effect)
  }

  commit(): void {
    for (const rows of this.staged.values()) rows.commit()
    for (const effect of this.effects) effect()
  }
}

/** Returns the memory transaction, for a store's memory adapter. */
export function memoryOf(tx: Transaction): MemoryTransaction {
  if (!(tx instanceof MemoryTransaction)) throw new TypeError('a memory store was used with another database')
  return tx
}
