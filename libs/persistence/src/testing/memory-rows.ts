/**
 * Returns a frozen deep copy of plain values. Hand-written, because `structuredClone` was most of the cost of a memory transaction. Stored
 * rows are frozen, so they can be read without a copy, and an accidental modification throws.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value, true)
}

export function plainCopy<T>(value: T): T {
  return copy(value, false)
}

function copy<T>(value: T, freeze: boolean): T {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return new Date(value) as T
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => copy(item, freeze))
    return (freeze ? Object.freeze(items) : items) as T
  }
  const copied: Record<string, unknown> = {}
  for (const key of Object.keys(value)) copied[key] = copy((value as Record<string, unknown>)[key], freeze)
  return (freeze ? Object.freeze(copied) : copied) as T
}

/** Returns the frozen value that a JSON column would return: as `JSON.parse(JSON.stringify(value))`, for values with a JSON form. */
export function frozenJson<T>(value: T): T
export function frozenJson(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') throw new TypeError('a bigint has no JSON form')
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if ('toJSON' in value && typeof value.toJSON === 'function') return frozenJson((value.toJSON as () => unknown)())
  if (Array.isArray(value)) return Object.freeze(value.map((item: unknown) => frozenJson(item) ?? null))
  const copied: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const member = frozenJson((value as Record<string, unknown>)[key])
    if (member !== undefined) copied[key] = member
  }
  return Object.freeze(copied)
}

/** Rows of one table within one transaction: staged rows override committed ones. Returned rows are frozen; `set` replaces them. */
export class MemoryRows<R> {
  /** Staged rows by id, `undefined` for a deleted row. Created by the first write: most tables of a transaction are only read. */
  private staged: Map<string, R | undefined> | undefined

  constructor(private readonly committed: Map<string, R>) {}

  get(id: string): R | undefined {
    const row = this.staged?.get(id)
    return row === undefined && this.staged?.has(id) !== true ? this.committed.get(id) : row
  }

  set(id: string, row: R): void {
    this.adopt(id, frozenCopy(row))
  }

  /** Stages a row as `set` does, without a copy, for a row without other references; `undefined` deletes the row. */
  adopt(id: string, row: R | undefined): void {
    this.staged ??= new Map()
    this.staged.set(id, row)
  }

  delete(id: string): boolean {
    const existed = this.get(id) !== undefined
    if (existed) this.adopt(id, undefined)
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
}
