import { frozenCopy } from './copies.js'

/** Rows of one table within one transaction: reads see committed rows below staged ones. Rows given out are frozen: `set` changes them. */
export class MemoryRows<R> {
  private readonly staged = new Map<string, R | undefined>()

  constructor(private readonly committed: Map<string, R>) {}

  get(id: string): R | undefined {
    return this.staged.has(id) ? this.staged.get(id) : this.committed.get(id)
  }

  set(id: string, row: R): void {
    this.staged.set(id, frozenCopy(row))
  }

  /** As `set`, of a row that nobody else holds. */
  adopt(id: string, row: R): void {
    this.staged.set(id, row)
  }

  delete(id: string): boolean {
    const existed = this.get(id) !== undefined
    this.staged.set(id, undefined)
    return existed
  }

  /** All rows in order of first insertion. */
  values(): R[] {
    if (this.staged.size === 0) return [...this.committed.values()]
    const rows: R[] = []
    for (const [id, row] of this.committed) {
      const current = this.staged.has(id) ? this.staged.get(id) : row
      if (current !== undefined) rows.push(current)
    }
    for (const [id, row] of this.staged) if (row !== undefined && !this.committed.has(id)) rows.push(row)
    return rows
  }

  commit(): void {
    for (const [id, row] of this.staged) {
      if (row === undefined) this.committed.delete(id)
      else this.committed.set(id, row)
    }
    this.staged.clear()
  }
}
