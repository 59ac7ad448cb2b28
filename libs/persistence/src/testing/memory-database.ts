import type { Clock } from '#libs/platform'
import {
  type Database,
  DEFAULT_FIND_LIMIT,
  type Documents,
  type DocumentTable,
  type FirstStatement,
  type KeyValue,
  type LockedWork,
  type Query,
  rowKeysOf,
  type Transaction,
} from '../database.js'
import { frozenJson, MemoryRows, plainCopy } from './memory-rows.js'

/**
 * Memory adapter of the database, for tests: transactions run sequentially, writes are staged and applied at commit, values are copied in
 * and out, and time comes from the given clock.
 */
export class MemoryDatabase implements Database {
  private readonly tables = new Map<string, Map<string, unknown>>()
  private tail: Promise<unknown> = Promise.resolve()
  private closed = false

  constructor(private readonly clock: Clock) {}

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const run = this.tail.then(() => this.run(work))
    this.tail = run.catch(() => {})
    return run
  }

  locked<T, F>(_keys: readonly string[], work: LockedWork<T, F>, first?: FirstStatement<F>): Promise<T> {
    return this.transaction(async (tx) => work(tx, (await first?.(tx)) as F))
  }

  writes<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
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

  readAhead(): void {
    // A read from memory costs no packet.
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

export class MemoryDocuments<T extends object> implements Documents<T> {
  constructor(
    private readonly table: DocumentTable<T>,
    private readonly rows: MemoryRows<T>,
    /** Last write of each row in epoch milliseconds, if rows are pruned. */
    private readonly putAt: MemoryRows<number> | undefined,
    private readonly now: Date,
  ) {}

  async get(id: string): Promise<T | undefined> {
    return plainCopy(this.rows.get(id))
  }

  async put(document: T): Promise<void> {
    const [id] = rowKeysOf(this.table, document)
    this.rows.adopt(id, frozenJson(document))
    this.putAt?.adopt(id, this.now.getTime())
  }

  async insert(document: T): Promise<boolean> {
    if (this.rows.get(this.table.id(document)) !== undefined) return false
    await this.put(document)
    return true
  }

  async delete(id: string): Promise<boolean> {
    this.putAt?.delete(id)
    return this.rows.delete(id)
  }

  async find(query: Query = {}): Promise<T[]> {
    const order = query.orderBy ?? 'id'
    const direction = query.descending === true ? -1 : 1
    return this.rows
      .values()
      .filter((document) => this.matches(document, query.where))
      .filter((document) => query.after === undefined || beyond(this.key(document, order), query.after, direction))
      .sort((a, b) => direction * (compare(this.key(a, order), this.key(b, order)) || compare(this.table.id(a), this.table.id(b))))
      .slice(0, query.limit ?? DEFAULT_FIND_LIMIT)
      .map(plainCopy)
  }

  async count(where?: Query['where']): Promise<number> {
    return this.rows.values().filter((document) => this.matches(document, where)).length
  }

  async stale(before: Date, limit: number): Promise<T[]> {
    const at = (document: T): number => this.putAt?.get(this.table.id(document)) ?? Infinity
    return this.rows
      .values()
      .filter((document) => at(document) < before.getTime() && this.matches(document, this.table.keep?.ended))
      .sort((a, b) => at(a) - at(b))
      .slice(0, limit)
      .map(plainCopy)
  }

  private matches(document: T, where: Query['where'] = {}): boolean {
    return Object.entries(where).every(([key, wanted]) => {
      const value = this.key(document, key)
      return Array.isArray(wanted) ? wanted.includes(value) : value === wanted
    })
  }

  private key(document: T, name: string): KeyValue {
    if (name === 'id') return this.table.id(document)
    const key = this.table.keys[name]
    if (key === undefined) throw new TypeError(`${this.table.name} has no key column ${name}`)
    return key.of(document)
  }
}

/** Whether a key is above the value (direction 1) or below it (-1). As in SQL, comparisons with null are false. */
function beyond(key: KeyValue, value: KeyValue, direction: 1 | -1): boolean {
  return key !== null && value !== null && compare(key, value) * direction > 0
}

function compare(a: KeyValue, b: KeyValue): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return a < b ? -1 : 1
}
