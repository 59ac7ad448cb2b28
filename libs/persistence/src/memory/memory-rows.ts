import { frozenCopy } from './copies.js'

/** Rows of one table within one transaction: staged rows override committed ones. Returned rows are frozen; `set` replaces them. */
export class MemoryRows<R> {
  /** Created by the first write: most tables of a transaction are only read. */
  private staged: Map<string, R | undefined> | undefined

  constructor(private readonly committed: Map<string, R>) {}

  get(id: string): R | undefined {
    const row = this.staged?.get(id)
    return row === undefined && this.staged?.has(id) !== true ? this.committed.get(id) : row
  }

  set(id: string, row: R): void {
    this.adopt(id, frozenCopy(row))
  }

  /** As `set`, without a copy, for a row without other references. */
  adopt(id: string, row: R): void {
    this.stage(id, row)
  }

  delete(id: string): boolean {
    const existed = this.get(id) !== undefined
    if (existed) this.stage(id, undefined)
    return existed
  }

  /** Number of rows, without iterating the committed ones: a permanent table is counted at each write. */
  get size(): number {
    let size = this.committed.size
    for (const [id, row] of this.staged ?? []) size += Number(row !== undefined) - Number(this.committed.has(id))
    return size
  }

  /** Returns all rows in insertion order. */
  values(): R[] {
    return this.staged === undefined ? [...this.committed.values()] : this.entries().map(([, row]) => row)
  }

  /** Returns all rows with their ids, in insertion order. */
  entries(): [id: string, row: R][] {
    if (this.staged === undefined) return [...this.committed.entries()]
    const rows: [string, R][] = []
    for (const [id, row] of this.committed) {
      const current = this.staged.has(id) ? this.staged.get(id) : row
      if (current !== undefined) rows.push([id, current])
    }
    for (const [id, row] of this.staged) if (row !== undefined && !this.committed.has(id)) rows.push([id, row])
    return rows
  }

  /** Deletes up to `limit` matching rows in insertion order, and returns them. */
  deleteFirst(limit: number, matches: (row: R, id: string) => boolean): R[] {
    const found = this.entries()
      .filter(([id, row]) => matches(row, id))
      .slice(0, limit)
    for (const [id] of found) this.delete(id)
    return found.map(([, row]) => row)
  }

  commit(): void {
    for (const [id, row] of this.staged ?? []) {
      if (row === undefined) this.committed.delete(id)
      else this.committed.set(id, row)
    }
    this.staged = undefined
  }

  private stage(id: string, row: R | undefined): void {
    this.staged ??= new Map()
    this.staged.set(id, row)
  }
}
