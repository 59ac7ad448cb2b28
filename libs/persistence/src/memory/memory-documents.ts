import { DEFAULT_FIND_LIMIT, type DocumentTable, type Documents, type KeyValue, type Query } from '../database.js'
import { rowKeysOf } from '../row-keys.js'
import { frozenJson, plainCopy } from './copies.js'
import type { MemoryRows } from './memory-rows.js'

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

/** As in SQL, comparisons with null are false. */
function beyond(key: KeyValue, value: KeyValue, direction: 1 | -1): boolean {
  return key !== null && value !== null && compare(key, value) * direction > 0
}

function compare(a: KeyValue, b: KeyValue): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return a < b ? -1 : 1
}
